import { type Expansion, isOff, type Reading, readPart, report, suggest, textOf } from "./expansion.js";
import { fieldsOf, itemsOf, merge, type Part, withFields, without } from "./parts.js";
import { listNames } from "./suggest.js";

type Fragments = ReadonlyMap<string, Part>;

/**
 * `import`, `fragments`, and `fragment` of a state: the state on top of the fragment that it names. A later import wins
 * over an earlier one, and the loop's own fragments over both. `null` where one cannot be had, which is then reported.
 */
export function* expandFragments(expansion: Expansion, loop: Part): Reading<Part | null> {
  const fields = fieldsOf(loop) ?? new Map<string, Part>();
  const imported = yield* importAll(expansion, fields.get("import"));
  const own = fragmentsIn(expansion, fields.get("fragments"));
  if (imported === null || own === null) return null;
  const rest = without(loop, "import", "fragments");
  const states = fields.get("states");
  const named = states === undefined ? null : fieldsOf(states);
  if (states === undefined || named === null) return rest;

  const fragments: Fragments = new Map([...imported, ...own]);
  const expanded = [...named].map(([name, state]) => [name, expandState(expansion, state, fragments)] as const);
  const whole = new Map(expanded.flatMap(([name, state]) => (state === null ? [] : [[name, state] as const])));
  if (whole.size < expanded.length) return null;
  return withFields(rest, new Map(fieldsOf(rest)).set("states", withFields(states, whole)));
}

function expandState(expansion: Expansion, state: Part, fragments: Fragments): Part | null {
  const reference = fieldsOf(state)?.get("fragment");
  if (reference === undefined || isOff(reference)) return without(state, "fragment");
  const name = textOf(reference);
  if (name === null) return report(expansion, reference, "expected the name of a fragment.");
  const fragment = fragments.get(name);
  if (fragment === undefined) {
    const names = [...fragments.keys()];
    const known = names.length === 0 ? "There are none." : `Known fragments: ${listNames(names)}.`;
    const hint =
      suggest(expansion, name, names) || ' Define it in "fragments", or add the file that has it to "import".';
    return report(expansion, reference, `unknown fragment ${JSON.stringify(name)}. ${known}${hint}`);
  }
  // What it says of itself is for those who choose among fragments.
  return merge(without(fragment, "description", "fragment"), without(state, "fragment"), expansion.budget);
}

function* importAll(expansion: Expansion, list: Part | undefined): Reading<Fragments | null> {
  if (list === undefined || isOff(list)) return new Map();
  const items = itemsOf(list);
  if (items === null) {
    return report(expansion, list, '"import" is a list of files with fragments, such as [lib/common.yaml].');
  }
  const all = new Map<string, Part>();
  let complete = true;
  for (const item of items) {
    const fragments = yield* importOne(expansion, item);
    if (fragments === null) complete = false;
    for (const [name, fragment] of fragments ?? []) all.set(name, fragment);
  }
  return complete ? all : null;
}

function* importOne(expansion: Expansion, item: Part): Reading<Fragments | null> {
  const name = textOf(item);
  if (name === null || name === "") return report(expansion, item, "expected the path of a file with fragments.");
  // Next to the loop itself, and where a parent says it, next to that.
  const beside = [...new Set([expansion.root.file, item.source.file])];
  const library = yield* readPart(expansion, item, { name, beside });
  if (library === null) return null;
  const fragments = fieldsOf(library)?.get("fragments");
  if (fragments !== undefined && !isOff(fragments)) return fragmentsIn(expansion, fragments);
  report(expansion, item, `${library.source.file} has no "fragments": this import has no effect.`, {
    severity: "warning",
  });
  return new Map();
}

function fragmentsIn(expansion: Expansion, part: Part | undefined): Fragments | null {
  if (part === undefined || isOff(part)) return new Map();
  const fragments = fieldsOf(part);
  if (fragments === null) return report(expansion, part, '"fragments" is a mapping from names to parts of states.');
  const wrong = [...fragments.values()].filter((fragment) => fieldsOf(fragment) === null);
  for (const fragment of wrong) report(expansion, fragment, "expected a mapping with some fields of a state.");
  for (const fragment of fragments.values()) {
    const nested = fieldsOf(fragment)?.get("fragment");
    if (nested === undefined || isOff(nested)) continue;
    const message = '"fragment" has no effect here: a fragment cannot build on another. Write out what it stands for.';
    report(expansion, nested, message, { at: "key", severity: "warning" });
  }
  return wrong.length > 0 ? null : fragments;
}
