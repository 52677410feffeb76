import * as fc from "fast-check";
import { expect, it } from "vitest";
import { batchId, jsonArray } from "./batch-id.js";

const idOf = (batch: readonly string[]) => batchId(jsonArray(batch));
const texts = fc.array(fc.json(), { minLength: 1, maxLength: 5 });

it("the id of a batch depends on nothing but its events and their order", () => {
  fc.assert(fc.property(texts, (batch) => void expect(batchId(Buffer.from(jsonArray(batch)))).toBe(idOf(batch))));
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      expect(idOf(a) === idOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
  );
});

it("the id of a batch can stand in a header and in what is signed, where a full stop separates", () => {
  fc.assert(fc.property(texts, (batch) => void expect(idOf(batch)).toMatch(/^msg_[A-Za-z0-9_-]{27}$/)));
});
