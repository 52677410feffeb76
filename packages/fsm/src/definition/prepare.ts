import { laterActionTypes, laterEvaluators, laterLoopFields, laterStateFields } from "./later-fields.js";
import { isPlainObject, own, type PlainObject } from "./plain-data.js";
import type { Finding } from "./problem.js";
import { evaluatorSchemas, loopSchema, stateSchema } from "./schema.js";
import { didYouMean } from "./suggest.js";

/** Other names for a field; one counts only where the field itself is absent or empty. */
const stateAliases: ReadonlyMap<string, string> = new Map([
  ["on_yes", "on_success"],
  ["on_no", "on_failure"],
]);

/** Words that YAML 1.1 reads as booleans, and YAML 1.2 as text. */
const booleanWords: ReadonlyMap<unknown, boolean> = new Map(
  ["yes", "Yes", "YES", "on", "On", "ON"]
    .map((word): [string, boolean] => [word, true])
    .concat(["no", "No", "NO", "off", "Off", "OFF"].map((word) => [word, false])),
);

/** What a mapping may hold: what is neither known, nor an alias, nor planned, is unknown. */
interface Fields {
  readonly known: readonly string[];
  readonly later: ReadonlySet<string>;
  readonly aliases: ReadonlyMap<string, string>;
}

const loopFields: Fields = { known: Object.keys(loopSchema.shape), later: laterLoopFields, aliases: new Map() };
const stateFields: Fields = { known: Object.keys(stateSchema.shape), later: laterStateFields, aliases: stateAliases };

/**
 * Brings a loop as people write it into the form that the schema describes: aliases resolved, empty fields left out,
 * words for booleans read. Fields of later versions are errors, unknown ones warnings; both are left out too.
 */
export function prepareFields(loop: PlainObject): { loop: PlainObject; findings: Finding[] } {
  const findings: Finding[] = [];
  const prepared = pickFields(loop, [], loopFields, findings);
  if (prepared["default_timeout"] === 0) delete prepared["default_timeout"];
  const states = own(prepared, "states");
  if (isPlainObject(states)) {
    prepared["states"] = Object.fromEntries(
      Object.entries(states).map(([name, state]) => [name, prepareState(state, ["states", name], findings)]),
    );
  }
  return { loop: prepared, findings };
}

/** Where in `loop` the value is that `path` of the prepared loop names: an alias keeps its own name in messages. */
export function writtenPath(loop: unknown, path: readonly string[]): readonly string[] {
  const [states, name, field, ...rest] = path;
  if (states !== "states" || name === undefined || field === undefined) return path;
  const alias = stateAliases.get(field);
  const all = isPlainObject(loop) ? own(loop, "states") : undefined;
  const state = isPlainObject(all) ? own(all, name) : undefined;
  if (alias === undefined || !isPlainObject(state)) return path;
  return own(state, field) || !own(state, alias) ? path : [states, name, alias, ...rest];
}

function prepareState(raw: unknown, path: readonly string[], findings: Finding[]): unknown {
  if (raw === null) return {};
  if (!isPlainObject(raw)) return raw;
  const state = pickFields(raw, path, stateFields, findings);
  readBoolean(state, "terminal");
  if (state["timeout"] === 0) delete state["timeout"];
  prepareAction(state, path, findings);
  const evaluate = own(state, "evaluate");
  if (isPlainObject(evaluate)) {
    const prepared = prepareEvaluator(evaluate, [...path, "evaluate"], findings);
    if (prepared === null) delete state["evaluate"];
    else state["evaluate"] = prepared;
  }
  return state;
}

function prepareAction(state: Record<string, unknown>, path: readonly string[], findings: Finding[]): void {
  const { action, action_type: type } = state;
  if (typeof type === "string" && laterActionTypes.has(type)) {
    findings.push(later([...path, "action_type"], `actions of type "${type}"`));
    delete state["action_type"];
  } else if (type === undefined && typeof action === "string" && action.startsWith("/")) {
    const hint = 'For a shell command that begins with "/", add "action_type: shell".';
    findings.push(later([...path, "action"], 'actions that begin with "/" (slash commands)', hint));
  }
}

/** `null` where the evaluator cannot be used at all, which is then in `findings`. */
function prepareEvaluator(raw: PlainObject, path: readonly string[], findings: Finding[]): PlainObject | null {
  const type = own(raw, "type");
  if (typeof type !== "string") return raw;
  const typePath = [...path, "type"];
  const schema = Object.entries(evaluatorSchemas).find(([name]) => name === type)?.[1];
  if (schema === undefined) {
    const known = Object.keys(evaluatorSchemas);
    const unknown = `unknown evaluator ${JSON.stringify(type)}. Known: ${known.join(", ")}.${didYouMean(type, known)}`;
    findings.push(
      laterEvaluators.has(type)
        ? later(typePath, `the evaluator "${type}"`, `Available: ${known.join(", ")}.`)
        : { path: typePath, severity: "error", message: unknown },
    );
    return null;
  }
  const known = Object.keys(schema.shape);
  const evaluate = pickFields(raw, path, { known, later: new Set(), aliases: new Map() }, findings);
  readBoolean(evaluate, "negate");
  return evaluate;
}

function pickFields(raw: PlainObject, path: readonly string[], fields: Fields, findings: Finding[]) {
  const picked: Record<string, unknown> = {};
  for (const name of fields.known) {
    const value = own(raw, name) ?? null;
    const alias = fields.aliases.get(name);
    const aliased = alias === undefined ? null : (own(raw, alias) ?? null);
    const effective = (value === null || value === "") && aliased !== null ? aliased : value;
    if (effective !== null) picked[name] = effective;
  }
  const aliases = [...fields.aliases.values()];
  for (const [name, value] of Object.entries(raw)) {
    if (fields.known.includes(name) || aliases.includes(name)) continue;
    if (!fields.later.has(name)) findings.push(unknownField([...path, name], [...fields.known, ...aliases]));
    // Switched off is what this version does anyway.
    else if (value !== null && value !== false) findings.push(later([...path, name], `"${name}"`));
  }
  return picked;
}

function unknownField(path: readonly string[], known: readonly string[]): Finding {
  const name = path.at(-1) ?? "";
  const hint = didYouMean(name, known) || " Remove it if it is not needed.";
  return {
    path,
    at: "key",
    severity: "warning",
    message: `unknown field ${JSON.stringify(name)} has no effect.${hint}`,
  };
}

function later(path: readonly string[], what: string, hint?: string): Finding {
  const message = `this version does not support ${what} yet.${hint === undefined ? " Remove it." : ` ${hint}`}`;
  return { path, at: hint === undefined ? "key" : "value", severity: "error", message };
}

function readBoolean(fields: Record<string, unknown>, name: string): void {
  const value = booleanWords.get(fields[name]);
  if (value !== undefined) fields[name] = value;
}
