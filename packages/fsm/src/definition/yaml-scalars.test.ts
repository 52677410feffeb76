import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainValue } from "./yaml-scalars.js";

describe("plainValue", () => {
  it.each([
    ["yes", true],
    ["On", true],
    ["TRUE", true],
    ["no", false],
    ["OFF", false],
    ["false", false],
    ["~", null],
    ["Null", null],
    ["", null],
    ["0", 0],
    ["-17", -17],
    ["+5", 5],
    ["1_000", 1000],
    ["010", 8],
    ["-010", -8],
    ["0x1F", 31],
    ["0b101", 5],
    ["1:30", 90],
    ["190:20:30", 685_230],
    ["-1:30", -90],
    ["190:20:30.15", 685_230.15],
    ["1.5", 1.5],
    ["1.", 1],
    [".5", 0.5],
    ["1.5e+3", 1500],
    ["1_0.0_1", 10.01],
    [".inf", Number.POSITIVE_INFINITY],
    ["-.INF", Number.NEGATIVE_INFINITY],
    [".nan", Number.NaN],
  ])("reads %s", (source, value) => {
    expect(plainValue(source).value).toBe(value);
  });

  it.each([
    "yEs",
    "y",
    "nuLL",
    "1e3",
    "1.5e3",
    "1e-3",
    "0o10",
    "08",
    "01:30",
    "1:70",
    "+.5",
    "2026-03-18",
    "2026-03-18T10:00:00Z",
    "1.2.3",
    "-",
    "0x",
    "a:b",
  ])("leaves %s as it is", (source) => {
    expect(plainValue(source)).toEqual({ value: source });
  });

  it("keeps what a number cannot hold as text, and says what may surprise", () => {
    expect(plainValue("12345678901234567890")).toEqual({
      value: "12345678901234567890",
      surprise: "is too large for a number and is kept as text. Put it in quotes",
    });
    expect(plainValue("010").surprise).toContain("octal number 8");
    expect(plainValue("12:30").surprise).toContain("the number 750");
    for (const source of ["0", "00", "7", "1_000", "0x10"]) expect(plainValue(source)).not.toHaveProperty("surprise");
  });

  it("reads every number that JSON writes as that number, but for those with an exponent and no dot", () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.double({ noDefaultInfinity: true, noNaN: true })), (number) => {
        const source = JSON.stringify(number);
        fc.pre(source.includes(".") || Number.isSafeInteger(number));
        expect(plainValue(source).value).toBe(Object.is(number, -0) ? 0 : number);
      }),
      { numRuns: 1000 },
    );
  });
});
