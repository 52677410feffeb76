import { part } from "./as-written.js";
import { descriptiveLoopFields, expandedLoopFields } from "./later-fields.js";
import { isPlainObject, own, type PlainObject } from "./plain-data.js";
import { type Fields, type Preparation, pickFields, placeKey } from "./prepare-fields.js";
import { prepareParameters } from "./prepare-parameters.js";
import { prepareState } from "./prepare-state.js";
import type { LoopSchemas } from "./schema.js";

/**
 * Brings a loop as people write it into the form that the schema describes: aliases resolved, empty fields left out,
 * words and numbers read as their fields want them. What is not built is an error and what is unknown a warning; both
 * are left out. `written` is the loop with every scalar as it stands in the file, `undefined` where there is no file.
 */
export function prepareLoop(
  raw: PlainObject,
  written: unknown,
  schemas: LoopSchemas,
): Preparation & { readonly loop: PlainObject } {
  const to: Preparation = { findings: [], moved: new Map() };
  const { states: statesSchema, ...shape } = schemas.loop.shape;
  const fields: Fields = {
    shape: { ...shape, states: statesSchema },
    expanded: expandedLoopFields,
    descriptive: descriptiveLoopFields,
  };
  const loop = pickFields({ raw, written, path: [] }, fields, to);
  if (loop["default_timeout"] === 0) delete loop["default_timeout"];
  const llm = own(raw, "llm");
  if (isPlainObject(llm)) {
    loop["llm"] = pickFields(
      { raw: llm, written: part(written, "llm"), path: ["llm"] },
      { shape: schemas.llm.shape },
      to,
    );
  }
  const parameters = own(loop, "parameters");
  if (isPlainObject(parameters)) {
    loop["parameters"] = prepareParameters(parameters, part(written, "parameters"), to);
  }
  const states = own(raw, "states");
  if (isPlainObject(states)) {
    const writtenStates = part(written, "states");
    loop["states"] = Object.fromEntries(
      Object.entries(states).map(([name, state]) => [
        name,
        prepareState(state, part(writtenStates, name), ["states", name], schemas, to),
      ]),
    );
  }
  return { loop, ...to };
}

/** Where the value is written that is at `path` of the prepared loop: an alias keeps its own name in messages. */
export function writtenPath({ moved }: Preparation, path: readonly string[]): readonly string[] {
  for (let length = path.length; length > 0; length--) {
    const from = moved.get(placeKey(path.slice(0, length)));
    if (from !== undefined) return [...from, ...path.slice(length)];
  }
  return path;
}
