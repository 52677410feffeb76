import { closestName } from "@loops/core/names";
import { asWritten, part } from "./as-written.js";
import { evaluatorSchemas } from "./evaluator-schemas.js";
import { target } from "./field-types.js";
import { expandedStateFields, laterEvaluators, laterStateFields } from "./later-fields.js";
import { isPlainObject, own, type PlainObject } from "./plain-data.js";
import { type Fields, laterField, type Preparation, pickFields, placeKey, type Written } from "./prepare-fields.js";
import type { LoopSchemas } from "./schema.js";
import { didYouMean } from "./suggest.js";

const stateAliases: ReadonlyMap<string, string> = new Map([
  ["on_yes", "on_success"],
  ["on_no", "on_failure"],
]);

/** A state as the schema describes it; what is no mapping is left as it is, to be refused. */
export function prepareState(
  raw: unknown,
  written: unknown,
  path: readonly string[],
  schemas: LoopSchemas,
  to: Preparation,
): unknown {
  if (raw === null) return {};
  if (!isPlainObject(raw)) return raw;
  const fields: Fields = {
    shape: schemas.state.shape,
    aliases: stateAliases,
    later: laterStateFields,
    expanded: expandedStateFields,
    elsewhere: isVerdictField,
  };
  const { on_verdict: table, ...flat } = raw;
  // As text it is where the verdict "verdict" leads.
  const isTable = typeof table !== "string";
  const state = pickFields({ raw: isTable ? raw : flat, written, path }, fields, to);
  addVerdicts(state, { raw, written, path }, isTable ? [] : ["on_verdict"], fields, to);
  if (isPlainObject(state["route"])) state["route"] = withoutEmptyDefaults(state["route"]);
  if (state["timeout"] === 0) delete state["timeout"];
  for (const field of ["params", "with"]) {
    const values = state[field];
    if (isPlainObject(values) && Object.keys(values).length === 0) delete state[field];
  }
  dropUnknownActionType(state, path, schemas, to);
  const evaluate = own(state, "evaluate");
  if (isPlainObject(evaluate)) {
    const prepared = prepareEvaluator(
      { raw: evaluate, written: part(written, "evaluate"), path: [...path, "evaluate"] },
      schemas,
      to,
    );
    if (prepared === null) delete state["evaluate"];
    else state["evaluate"] = prepared;
  }
  return state;
}

/** `on_<verdict>`, for a verdict that has no field of its own. */
function isVerdictField(name: string): boolean {
  return /^on_./.test(name) && name !== "on___proto__";
}

function addVerdicts(
  state: Record<string, unknown>,
  { raw, written, path }: Written,
  more: readonly string[],
  { shape, aliases, later }: Fields,
  to: Preparation,
): void {
  const known = [...Object.keys(shape), ...(aliases?.values() ?? [])];
  const flat = [...Object.keys(raw).filter((name) => !known.includes(name) && !later?.has(name)), ...more]
    .filter(isVerdictField)
    .map((name) => ({ name, verdict: name.slice("on_".length), value: own(raw, name) }))
    .filter(({ value }) => value !== null && value !== "" && value !== false);
  const table = own(state, "on_verdict") ?? {};
  if (flat.length === 0 || !isPlainObject(table)) return;
  const added = flat.map(({ name, verdict, value }) => {
    to.moved.set(placeKey([...path, "on_verdict", verdict]), [...path, name]);
    const near = verdict.length < 3 ? undefined : closestName(name, known.filter(isVerdictField));
    if (near !== undefined) {
      const message = `this leads somewhere only on the verdict ${quote(verdict)}. Did you mean ${quote(near)}?`;
      to.findings.push({ path: [...path, name], at: "key", severity: "warning", message });
    }
    return [verdict, asWritten(target, value, part(written, name))] as const;
  });
  state["on_verdict"] = Object.fromEntries([...added, ...Object.entries(table)]);
}

/** `_` and `_error` may be there without leading anywhere. */
function withoutEmptyDefaults(route: PlainObject): PlainObject {
  return Object.fromEntries(Object.entries(route).filter(([verdict, to]) => !verdict.startsWith("_") || to !== null));
}

/** Loop files may name anything; what is not known counts as not there. */
function dropUnknownActionType(
  state: Record<string, unknown>,
  path: readonly string[],
  schemas: LoopSchemas,
  to: Preparation,
): void {
  const { action_type: type } = state;
  const known: readonly string[] = schemas.state.shape.action_type.unwrap().options;
  if (typeof type !== "string" || known.includes(type)) return;
  delete state["action_type"];
  const message =
    `unknown action type ${quote(type)} has no effect. Known: ${known.join(", ")}.${didYouMean(type, known)} ` +
    `One of the program's own has to be named: { actionTypes: [${quote(type)}] }.`;
  to.findings.push({ path: [...path, "action_type"], severity: "warning", message });
}

/** `null` where the evaluator cannot be used at all, which is then in the findings. */
function prepareEvaluator(source: Written, schemas: LoopSchemas, to: Preparation): PlainObject | null {
  const { raw, written } = source;
  const type = asWritten(target, own(raw, "type"), part(written, "type"));
  if (typeof type !== "string") return raw;
  const schema = schemas.evaluators.get(type);
  const at = [...source.path, "type"];
  if (schema === undefined) {
    const known = [...schemas.evaluators.keys()];
    const hint = `Known: ${known.join(", ")}.`;
    if (laterEvaluators.has(type)) to.findings.push(laterField(at, `the evaluator ${quote(type)}`, hint));
    else {
      const message =
        `unknown evaluator ${quote(type)}. ${hint}${didYouMean(type, known)} ` +
        `One of the program's own has to be named: { evaluators: [${quote(type)}] }.`;
      to.findings.push({ path: at, severity: "error", message });
    }
    return null;
  }
  // The fields of an evaluator that the program brings along are its own business.
  const isBuiltIn = Object.hasOwn(evaluatorSchemas, type);
  return isBuiltIn ? pickFields(source, { shape: schema.shape }, to) : { ...raw, type };
}

function quote(name: string): string {
  return JSON.stringify(name);
}
