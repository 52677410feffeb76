import { describe, expect, it } from "vitest";
import { readYaml } from "./yaml-source.js";

const messages = (text: string) =>
  readYaml(text).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);

describe("readYaml", () => {
  it("takes keys as they are written, and merges", () => {
    expect(readYaml("yes: 1\n1.0: 2\ntrue: 3\nbase: &b {a: 1}\nmore: {<<: *b, c: 2}").data).toEqual({
      yes: 1,
      "1.0": 2,
      true: 3,
      base: { a: 1 },
      more: { a: 1, c: 2 },
    });
  });

  it("gives scalars the values of YAML 1.1, whatever a directive asks for, and keeps what is written", () => {
    for (const version of ["", "%YAML 1.1\n---\n", "%YAML 1.2\n---\n"]) {
      const source = readYaml(
        `${version}a: yes\nb: [off, 'off', ~, 1_0]\nc: &x {n: 010}\nd: *x\ne: {<<: *x, on: 1.50}\nf: |\n  1\n`,
      );
      expect(source.data).toEqual({
        a: true,
        b: [false, "off", null, 10],
        c: { n: 8 },
        d: { n: 8 },
        e: { n: 8, on: 1.5 },
        f: "1\n",
      });
      expect(source.written).toEqual({
        a: "yes",
        b: ["off", "off", "~", "1_0"],
        c: { n: "010" },
        d: { n: "010" },
        e: { n: "010", on: "1.50" },
        f: "1\n",
      });
    }
  });

  it("obeys the tags of YAML's own scalars", () => {
    expect(readYaml("a: !!str 5\nb: !!int '0x10'\nc: !!float 1.5\nd: !!bool 'yes'\ne: !!null ''").data).toEqual({
      a: "5",
      b: 16,
      c: 1.5,
      d: true,
      e: null,
    });
  });

  it.each([
    ["a: b: c", "1:4 Nested mappings are not allowed in compact mappings. If this is text"],
    ["a:\n\tb: 1", "2:1 Tabs are not allowed as indentation. Use spaces"],
    ['a: "x', '1:6 Missing closing "quote'],
    ["a: 1\n---\nb: 2", "2:1 a loop file has one document"],
    ["? [a]\n: b", "1:3 With stringKeys, all keys must be strings"],
    ["a: *nowhere", "1:4 an alias cannot be resolved: Unresolved alias"],
    ["b: 1\n<<: 5", '2:1 "<<" takes a mapping, an alias of one, or a list of these'],
  ])("refuses %j and says where", (text, expected) => {
    expect(messages(text)[0]).toContain(expected);
    expect(readYaml(text).problems[0]?.severity).toBe("error");
  });

  it("warns of tags that it does not know, and of numbers that it cannot keep", () => {
    expect(messages("a: !secret x\nb: 12345678901234567890")).toEqual([
      "1:4 Unresolved tag: !secret; it is read as plain text",
      "2:4 12345678901234567890 is too large for a number and is kept as text. Put it in quotes",
    ]);
  });

  it("takes the last of equal keys, as the original system does, and warns", () => {
    const source = readYaml("a: 1\nb: 2\na: 3");
    expect(source.data).toEqual({ a: 3, b: 2 });
    expect(source.problems).toEqual([
      {
        line: 3,
        column: 1,
        severity: "warning",
        message: 'the key "a" was there before; only this one counts. Remove one',
      },
    ]);
    expect(source.locate(["a"], "value")).toEqual({ line: 3, column: 4 });
  });

  it("refuses an alias bomb instead of expanding it", () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(of).join(", ")}]`;
    const bomb = [level("a", "x"), ..."bcdefghi".split("").map((name, n) => level(name, `*${"abcdefgh".charAt(n)}`))];
    expect(messages(bomb.join("\n"))[0]).toContain("Excessive alias count");
  });

  it.each(["[", "- ", "{a: ", "? ", "a:\n "])("refuses %j nested without end instead of crashing", (opening) => {
    const text =
      opening === "a:\n "
        ? Array.from({ length: 1000 }, (_, n) => `${" ".repeat(n)}a:`).join("\n")
        : opening.repeat(100_000);
    expect(messages(text)).toEqual([expect.stringContaining("nested deeper than 200 levels")]);
  });

  it("finds the place of keys and values, through lists, aliases and merges", () => {
    const source = readYaml("a:\n  - x\n  - k: &v\n      deep: 1\nb: *v\nc:\n  <<: *v\n");
    expect(source.locate(["a", "1", "k"], "key")).toEqual({ line: 3, column: 5 });
    expect(source.locate(["a", "1", "k", "deep"], "value")).toEqual({ line: 4, column: 13 });
    expect(source.locate(["b", "deep"], "value")).toEqual({ line: 4, column: 13 });
    expect(source.locate(["c", "deep"], "value")).toEqual({ line: 6, column: 1 });
    expect(source.locate(["nowhere"], "key")).toEqual({ line: 1, column: 1 });
    expect(source.locate([], "value")).toEqual({ line: 1, column: 1 });
  });
});
