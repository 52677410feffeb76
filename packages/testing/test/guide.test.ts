import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { transportChecks } from "../src/index.js";

it("the guide to writing a transport explains every check, once, and no other", () => {
  const guide = readFileSync(new URL("../../../docs/writing-a-transport.md", import.meta.url), "utf8");
  const explained = [...guide.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, id]) => id);
  expect(explained.toSorted()).toEqual(transportChecks.map(({ id }) => id).toSorted());
});

it("the guide shows the example as it is", () => {
  const guide = readFileSync(new URL("../../../docs/writing-a-transport.md", import.meta.url), "utf8");
  const example = readFileSync(new URL("../../../examples/http-lines/http-lines.ts", import.meta.url), "utf8");
  expect(guide).toContain(example);
});
