import { part } from "./as-written.js";
import { parameterSchema } from "./parameter-schema.js";
import { isPlainObject, own, type PlainObject } from "./plain-data.js";
import { type Preparation, pickFields } from "./prepare-fields.js";

/** The parameters of a loop as the schema describes them. */
export function prepareParameters(raw: PlainObject, written: unknown, to: Preparation): PlainObject {
  const prepared = Object.entries(raw).map(([name, parameter]) => {
    if (!isPlainObject(parameter)) return [name, parameter] as const;
    const path = ["parameters", name];
    const fields = pickFields(
      { raw: parameter, written: part(written, name), path },
      { shape: parameterSchema.shape },
      to,
    );
    // Empty text is a value like any other.
    if (own(parameter, "default") === "") fields["default"] = "";
    return [name, fields] as const;
  });
  return Object.fromEntries(prepared);
}
