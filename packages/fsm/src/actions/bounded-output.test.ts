import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedOutput } from "./bounded-output.js";

function keep(bytes: Buffer, chunkBytes: number, maxBytes: number): string {
  const output = boundedOutput(maxBytes);
  for (let from = 0; from < bytes.length; from += chunkBytes) output.write(bytes.subarray(from, from + chunkBytes));
  return output.text();
}

describe("output with a bound", () => {
  it("is whole up to the bound, and beyond it its first and last half around what was cut", () => {
    const size = fc.integer({ min: 0, max: 120_000 });
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 40_000 }), (length, maxBytes, chunkBytes) => {
        const text = Array.from({ length }, (_, n) => String.fromCharCode(97 + (n % 26))).join("");
        const head = text.slice(0, Math.ceil(maxBytes / 2));
        const tail = text.slice(length - Math.floor(maxBytes / 2));
        expect(keep(Buffer.from(text), chunkBytes, maxBytes)).toBe(
          length <= maxBytes ? text : `${head}\n[... ${length - maxBytes} bytes cut ...]\n${tail}`,
        );
      }),
      { numRuns: 60 },
    );
  });

  it("cuts no character in two", () => {
    const text = "€".repeat(1_000);
    for (const maxBytes of [100, 101, 102, 103, 104, 105]) {
      const kept = keep(Buffer.from(text), 7, maxBytes);
      expect(kept).not.toContain("\ufffd");
      expect(kept).toMatch(/^€+\n\[\.\.\. \d+ bytes cut \.\.\.\]\n€+$/);
    }
  });

  it("made of single bytes is kept as in one piece", () => {
    const output = boundedOutput(1_000);
    const byte = Buffer.from("x");
    for (let n = 0; n < 300_000; n += 1) output.write(byte);
    expect(output.text()).toBe(`${"x".repeat(500)}\n[... 299000 bytes cut ...]\n${"x".repeat(500)}`);
  });
});
