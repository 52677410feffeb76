import * as fc from "fast-check";
import { expect, it } from "vitest";
import { storedJson } from "./exact-json.js";

it("what is stored for questions is JSON of the same shape without what databases refuse, and the exact text is kept if it differs", () => {
  const piece = fc.constantFrom(
    "\\",
    "u0000",
    "\0",
    "\ud800",
    "\udc00",
    "😀",
    "\u001b[31m",
    "\u001b[",
    "a",
    '"',
    "\\u001b[1m",
  );
  const text = fc.array(piece, { maxLength: 8 }).map((list) => list.join(""));
  fc.assert(
    fc.property(text, text, (key, value) => {
      const exact = JSON.stringify({ event: "x", [`k${key}`]: value });
      const { json, raw } = storedJson(exact);
      expect(raw ?? json).toBe(exact);
      const plain = (one: string) =>
        // Halves that only a colour keeps apart make no character: in the event they were none.
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters it is about
        one.replace(/[\0\p{Cs}]/gu, "\ufffd").replace(/\u001b\[[0-9;?]*[a-z]/gi, "");
      expect(JSON.parse(json)).toEqual({ event: "x", [plain(`k${key}`)]: plain(value) });
    }),
    { numRuns: 1000 },
  );
});
