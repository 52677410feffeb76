import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { attr, detailPrefix, fieldPrefix } from "../src/attribute-names.js";
import { instruments } from "../src/loop-metrics.js";

const source = new URL("../src/", import.meta.url);
const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const listed = new Set(
  [...readme.matchAll(/`((?:loops|process|gen_ai|error)\.[a-z_.]+)(?:<field>)?`/g)].map(([, name]) => name),
);
const known = new Set<string>([...Object.values(attr), ...Object.values(instruments), detailPrefix, fieldPrefix]);

it("the README lists every attribute and instrument, and no other", () => {
  expect([...known].filter((name) => !listed.has(name))).toEqual([]);
  expect([...listed].filter((name) => name !== undefined && !known.has(name))).toEqual([]);
});

it("every name that is written out in the code is in the table", () => {
  const files = readdirSync(source).filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"));
  const written = files.flatMap((name) => [
    ...readFileSync(new URL(name, source), "utf8").matchAll(/"((?:loops|process|gen_ai|error)\.[a-z_.]+)"/g),
  ]);
  expect(written.length).toBeGreaterThan(known.size);
  expect(written.map(([, name = ""]) => name).filter((name) => !known.has(name))).toEqual([]);
});
