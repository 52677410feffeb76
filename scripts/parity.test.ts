import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

// An id in the name of a test means something only if docs/parity.md or docs/compatibility.md has a row for it, and a row
// there is a promise only if a test bears its id.

const root = fileURLToPath(new URL("..", import.meta.url));

const rowsOf = (page: string) =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^\| ([A-Z]-\d+) +\|/gm)].map(([, id = ""]) => id);
const compatibility = rowsOf("docs/compatibility.md");
const documented = [...rowsOf("docs/parity.md"), ...compatibility];

const tested = new Map(
  ["packages", "apps"]
    .flatMap((group) => readdirSync(join(root, group)).map((folder) => join(root, group, folder)))
    .flatMap((folder) => [...testFiles(join(folder, "src")), ...testFiles(join(folder, "test"))])
    .flatMap((path) => idsOfNames(readFileSync(path, "utf8")).map((id) => [id, path.slice(root.length)] as const)),
);

it("every id in a test's name has a row in docs/parity.md or docs/compatibility.md", () => {
  const unknown = [...tested].filter(([id]) => !documented.includes(id)).map(([id, path]) => `${id} in ${path}`);
  expect(unknown).toEqual([]);
});

it("every row of the two has a test that bears its id", () => {
  expect(documented.filter((id) => !tested.has(id))).toEqual([]);
});

it("no id has two rows", () => {
  expect(documented.filter((id, index) => documented.indexOf(id) !== index)).toEqual([]);
});

it("docs/compatibility.md goes on where the defects of the original end, without a gap", () => {
  expect(compatibility).toEqual(compatibility.map((_, index) => `B-${41 + index}`));
});

it("ids are found one by one, in lists and as ranges", () => {
  const names = [
    'it("A-1: one"',
    'it("B-2, A-3: two, and D-4: three"',
    'it("C-1 to C-3: range"',
    'it("in UTF-8: none"',
  ];
  expect(idsOfNames(names.join("\n"))).toEqual(["A-1", "B-2", "A-3", "D-4", "C-1", "C-2", "C-3"]);
});

function testFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** The ids in the names of a file's tests: `A-1: …`, `A-1, B-2: …`, `A-1 to A-3: …`. */
function idsOfNames(source: string): string[] {
  const lists = source.match(/\b[A-Z]-\d+(?:(?:, | to )[A-Z]-\d+)*:/g) ?? [];
  return lists.flatMap((list) => list.slice(0, -1).split(", ").flatMap(expandRange));
}

function expandRange(text: string): string[] {
  const [from = "", to] = text.split(" to ");
  if (to === undefined) return [from];
  const [series = ""] = from.split("-");
  const [first, last] = [from, to].map((id) => Number(id.split("-")[1]));
  const ids: string[] = [];
  for (let number = first ?? 0; number <= (last ?? 0); number++) ids.push(`${series}-${number}`);
  return ids;
}
