import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineSplitter } from "./line-splitter.js";

/** What the splitter says of these bytes, cut at these places. */
function split(bytes: Buffer, cuts: readonly number[], maxLineChars = 1_000): string[] {
  const lines: string[] = [];
  const splitter = lineSplitter((line) => lines.push(line), maxLineChars);
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  for (const [n, from] of places.entries()) splitter.write(bytes.subarray(from, places[n + 1] ?? bytes.length));
  splitter.end();
  return lines;
}

const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "\t", "\r", "\n", "\n", "é", "€", "😀") });
const textAndCuts = text.chain((value) => {
  const bytes = Buffer.from(value);
  return fc.tuple(fc.constant(value), fc.array(fc.nat(bytes.length), { maxLength: 8 }));
});

describe("lines of a stream", () => {
  it("are those of the whole text, wherever its bytes were cut", () => {
    fc.assert(
      fc.property(textAndCuts, ([value, cuts]) => {
        const expected = value.split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(split(Buffer.from(value), cuts)).toEqual(expected.map((line) => line.trimEnd()));
      }),
    );
  });

  it("over the bound come in pieces of whole characters, and nothing is lost", () => {
    const line = fc.string({ unit: fc.constantFrom("a", "€", "😀"), maxLength: 60 });
    fc.assert(
      fc.property(line, fc.integer({ min: 2, max: 9 }), fc.array(fc.nat(300), { maxLength: 8 }), (value, max, cuts) => {
        const bytes = Buffer.from(value);
        const inside = cuts.filter((cut) => cut <= bytes.length);
        const pieces = split(bytes, inside, max);
        expect(pieces.join("")).toBe(value);
        for (const piece of pieces) {
          expect(piece.length).toBeLessThanOrEqual(max + 1);
          // Half a character would not survive this.
          expect(Buffer.from(piece).toString()).toBe(piece);
        }
      }),
    );
  });

  it("that are not UTF-8 are passed with replacement characters", () => {
    expect(split(Buffer.from([0x61, 0xff, 0x0a, 0xe2, 0x82]), [])).toEqual(["a\ufffd", "\ufffd"]);
  });

  it("goes on with the next line when the listener threw", () => {
    const lines: string[] = [];
    const splitter = lineSplitter((line) => {
      if (line === "bad") throw new Error("bad");
      lines.push(line);
    }, 100);
    expect(() => splitter.write(Buffer.from("bad\n"))).toThrow("bad");
    splitter.write(Buffer.from("good\n"));
    splitter.end();
    expect(lines).toEqual(["good"]);
  });
});
