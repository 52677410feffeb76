import { expect, it } from "vitest";
import type { Result } from "../src/harness.js";
import { jsonLine, table } from "../src/report.js";

const missed: Result = {
  name: "emit",
  ours: 157.123456,
  theirs: 20.5,
  unit: "ns/op",
  ratio: 7.66455,
  bar: 6,
  ok: false,
};
const free: Result = { name: "sinks", ours: 1234567, theirs: 1e6, unit: "op/s", ratio: 1.234567, bar: null, ok: true };

it("one JSON line holds every field, without digits that are noise", () => {
  expect(jsonLine(missed)).toBe(
    '{"name":"emit","ours":157.1,"theirs":20.5,"unit":"ns/op","ratio":7.665,"bar":6,"ok":false}',
  );
});

it("the table names a missed bar, and leaves out a bar that is not there", () => {
  expect(table([missed, free])).toBe(
    [
      "name        ours     theirs  unit   ours/theirs   bar",
      "emit         157       20.5  ns/op         7.66  <= 6  MISSED",
      "sinks  1,234,567  1,000,000  op/s          1.23     -",
    ].join("\n"),
  );
});

it("a bar for ours alone stands beside the one for the ratio, and notes stand below", () => {
  const alone: Result = { ...free, name: "files", least: 20_000, note: "in /tmp" };
  const both: Result = { ...alone, name: "both", bar: 0.8, ok: false };
  expect(table([alone, both])).toBe(
    [
      "name        ours     theirs  unit  ours/theirs                     bar",
      "files  1,234,567  1,000,000  op/s         1.23          >= 20,000 op/s  ok",
      "both   1,234,567  1,000,000  op/s         1.23  >= 0.8, >= 20,000 op/s  MISSED",
      "files: in /tmp",
      "both: in /tmp",
    ].join("\n"),
  );
});
