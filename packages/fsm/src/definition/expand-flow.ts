import { type Expansion, isOff, report, suggest, textOf } from "./expansion.js";
import { fieldsOf, itemsOf, merge, type Part, withFields } from "./parts.js";
import { listNames } from "./suggest.js";

/** One state of a flow, as its entry says it. */
interface Entry {
  readonly name: string;
  /** `name?yes:no`: where to go then. */
  readonly branch: { readonly yes: string; readonly no: string } | null;
}

/**
 * `flow: [a, b?yes:no, c]`: states that lead from one to the next, or to one of two, the last of them the end, with what
 * `state_defs` has for each on top. It wins over `states`. `null` where it cannot be read, which is then reported.
 */
export function expandFlow(expansion: Expansion, loop: Part): Part | null {
  const { flow, state_defs: bodies, ...rest } = Object.fromEntries(fieldsOf(loop) ?? []);
  if (flow === undefined && bodies === undefined) return loop;
  if (flow === undefined || isOff(flow)) {
    if (bodies !== undefined && !isOff(bodies)) {
      report(expansion, bodies, '"state_defs" has no effect: there is no "flow". Call it "states".', odd);
    }
    return withFields(loop, new Map(Object.entries(rest)));
  }
  const entries = itemsOf(flow);
  if (entries === null || entries.length === 0) {
    return report(expansion, flow, '"flow" is a list of at least one state, such as [check, fix?check:failed, done].');
  }
  const parsed = entries.map((part) => ({ part, entry: parseEntry(expansion, part) }));
  const bodyOf = bodiesOf(expansion, bodies);
  if (bodyOf === null) return null;

  const states = new Map<string, Part>();
  for (const [index, { part, entry }] of parsed.entries()) {
    if (entry === null) continue;
    const { name } = entry;
    if (states.has(name)) {
      const message = `${JSON.stringify(name)} was in the flow before; only this one counts. Give it another name.`;
      report(expansion, part, message, odd);
    }
    const skeleton = skeletonOf(part, entry, parsed[index + 1]?.entry?.name ?? null, index === parsed.length - 1);
    const body = bodyOf.get(name);
    states.set(name, body === undefined || isOff(body) ? skeleton : merge(skeleton, body, expansion.budget));
  }
  if (parsed.some(({ entry }) => entry === null)) return null;
  for (const [name, body] of bodyOf) {
    if (states.has(name)) continue;
    const hint = suggest(expansion, name, states.keys());
    const message = `${JSON.stringify(name)} has no effect: it is not in the flow (${listNames([...states.keys()])}).${hint}`;
    report(expansion, body, message, odd);
  }
  // Inherited states are meant to be replaced.
  const { states: replaced, ...others } = rest;
  if (replaced !== undefined && replaced.source === flow.source) {
    report(expansion, replaced, '"states" has no effect: "flow" says what they are. Use "state_defs".', odd);
  }
  return withFields(loop, new Map([...Object.entries(others), ["states", withFields(flow, states)]]));
}

const odd = { at: "key", severity: "warning" } as const;

function parseEntry(expansion: Expansion, part: Part): Entry | null {
  const text = textOf(part);
  if (text === null) {
    return report(expansion, part, 'expected a state of the flow, as "name" or "name?yes:no"; put it in quotes.');
  }
  const question = text.indexOf("?");
  if (question === -1) return { name: text, branch: null };
  const targets = text.slice(question + 1);
  const colon = targets.indexOf(":");
  const [yes, no] = [targets.slice(0, colon), targets.slice(colon + 1)];
  if (colon === -1 || yes === "" || no === "" || no.endsWith(":")) {
    const message = `${JSON.stringify(text)} is not of the form "name?yes:no", with a state to go to in both cases.`;
    return report(expansion, part, message);
  }
  return { name: text.slice(0, question), branch: { yes, no } };
}

function bodiesOf(expansion: Expansion, bodies: Part | undefined): ReadonlyMap<string, Part> | null {
  if (bodies === undefined || isOff(bodies)) return new Map();
  const fields = fieldsOf(bodies);
  if (fields === null) {
    return report(expansion, bodies, '"state_defs" is a mapping from states of the flow to what they do.');
  }
  const wrong = [...fields.values()].filter((body) => !isOff(body) && fieldsOf(body) === null);
  for (const body of wrong) report(expansion, body, "expected a mapping with the fields of a state.");
  return wrong.length > 0 ? null : fields;
}

/** What an entry says of its state, each field with the place of the entry. */
function skeletonOf(part: Part, { branch }: Entry, next: string | null, isLast: boolean): Part {
  const said = new Map<string, string | boolean>();
  if (branch !== null) said.set("on_yes", branch.yes).set("on_no", branch.no);
  else if (next !== null) said.set("next", next);
  if (isLast) said.set("terminal", true);
  return withFields(part, new Map([...said].map(([field, value]) => [field, { ...part, value, written: value }])));
}
