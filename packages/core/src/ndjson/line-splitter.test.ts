import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LineSplitter, type LineSplitterOptions } from "./line-splitter.js";

interface Cut {
  readonly start: number;
  readonly end: number;
  readonly text: string | null;
  readonly torn: boolean;
}

function split(chunks: readonly Buffer[], options?: LineSplitterOptions): readonly Cut[] {
  const splitter = new LineSplitter(options);
  const cuts: Cut[] = [];
  for (const chunk of chunks) {
    for (const { bytes, ...place } of splitter.push(chunk))
      cuts.push({ ...place, text: bytes?.toString("latin1") ?? null });
    chunk.fill(0); // A reader uses one buffer for all its chunks.
  }
  const last = splitter.end();
  if (last !== null)
    cuts.push({ start: last.start, end: last.end, text: last.bytes?.toString("latin1") ?? null, torn: true });
  return cuts;
}

function oracle(text: string, maxLineBytes = Number.POSITIVE_INFINITY): readonly Cut[] {
  const cuts: Cut[] = [];
  let start = 0;
  for (const line of text.match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const torn = !line.endsWith("\n");
    const content = torn ? line : line.slice(0, -1);
    const end = start + line.length;
    cuts.push({ start, end, text: content.length > maxLineBytes ? null : content, torn });
    start = end;
  }
  return cuts;
}

const texts = fc.string({ unit: fc.constantFrom("a", "\n", "\r", "é", " "), maxLength: 60 });

function chunked(text: string, sizes: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  const chunks: Buffer[] = [];
  let from = 0;
  for (const size of sizes) {
    chunks.push(Buffer.from(bytes.subarray(from, from + size)));
    from += size;
  }
  chunks.push(Buffer.from(bytes.subarray(from)));
  return chunks;
}

describe("LineSplitter", () => {
  it("finds the same lines at the same offsets, wherever the chunks end", () => {
    fc.assert(
      fc.property(texts, fc.array(fc.nat(7)), (text, sizes) => {
        expect(split(chunked(text, sizes))).toEqual(oracle(text));
      }),
    );
  });

  it("measures a line over the bound without keeping it, and goes on behind it", () => {
    fc.assert(
      fc.property(texts, fc.array(fc.nat(7)), fc.nat(5), (text, sizes, maxLineBytes) => {
        expect(split(chunked(text, sizes), { maxLineBytes })).toEqual(oracle(text, maxLineBytes));
      }),
    );
  });

  it("counts offsets from where reading began", () => {
    expect(split([Buffer.from("b\nc")], { start: 10 })).toEqual([
      { start: 10, end: 12, text: "b", torn: false },
      { start: 12, end: 13, text: "c", torn: true },
    ]);
  });

  it("tells where the line that is not complete yet begins", () => {
    const splitter = new LineSplitter();
    for (const _line of splitter.push(Buffer.from("one\ntw")));
    expect(splitter.pending).toBe(4);
  });
});
