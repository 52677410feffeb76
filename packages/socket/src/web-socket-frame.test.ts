import type { Writable } from "node:stream";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import * as ws from "ws";
import { frameTexts } from "./web-socket-frame.js";

// Exported, but missing in its types.
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

it("frames of any texts are read back by ws, one message each", async () => {
  const length = fc.constantFrom(0, 1, 125, 126, 127, 65_535, 65_536, 70_000);
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    length.map((count) => "x".repeat(count)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text, { maxLength: 5 }), async (texts) => {
      const receiver = new Receiver({ isServer: false });
      const read: string[] = [];
      receiver.on("message", (data: Buffer) => read.push(String(data)));
      await new Promise<void>((resolve) => receiver.write(frameTexts(texts), () => resolve()));
      while (read.length < texts.length) await new Promise((resolve) => setImmediate(resolve));
      // Compared as a whole: a difference in long texts takes an assertion long to look at.
      expect(read.length).toBe(texts.length);
      expect(read.every((one, index) => one === texts[index])).toBe(true);
    }),
    { numRuns: 50 },
  );
});
