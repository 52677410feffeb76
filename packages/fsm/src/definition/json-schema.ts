import * as z from "zod";
import { descriptiveLoopFields, laterStateFields } from "./later-fields.js";
import { type LoopExtensions, schemasFor } from "./schema.js";

/** A JSON Schema, or a part of one. */
export type JsonSchema = { [keyword: string]: unknown };

/**
 * The JSON Schema (draft 7) of loop files as people write them, for editors and other tools: `loop.schema.json` of this
 * package is the one without `extensions`. It knows names and types; where states lead is checked by `parseLoop`.
 *
 * It refuses what that only warns of (unknown fields), and what an editor cannot read as it does: fields that are there
 * but empty, and numbers with `_` or `:` in them. What other files have to say (`from`, `import`) it does not know: where
 * a loop or a state builds on something, nothing is required of it.
 */
export function loopJsonSchema(extensions: LoopExtensions = {}): JsonSchema {
  const generated = z.toJSONSchema(schemasFor(extensions).loop, { io: "input", target: "draft-7", override: loosen });
  const { $schema, properties, required, ...rest } = generated as JsonSchema;
  const { states, ...fields } = properties as Record<string, JsonSchema>;
  const described = [...descriptiveLoopFields].map((name) => [name, { description: "Has no effect on how it runs." }]);
  const always = (required as string[]).filter((name) => name !== "states");
  const whole = Object.fromEntries(always.map((name) => [name, true]));
  return {
    $schema,
    title: "Loop",
    description: "A loop of @loops/fsm: it acts, checks and tries again, from state to state.",
    ...rest,
    properties: {
      ...fields,
      states: { ...states, minProperties: 1, additionalProperties: reference("statePart") },
      ...Object.fromEntries(described),
      ...abbreviations,
    },
    if: has("from"),
    else: {
      properties: { ...whole, states: { type: "object", additionalProperties: reference("state") } },
      required: always,
      anyOf: [has("states"), has("flow")],
    },
    definitions: { statePart: statePart(states?.["additionalProperties"] as JsonSchema), state: wholeState },
  };
}

function has(name: string): JsonSchema {
  return { type: "object", properties: { [name]: true }, required: [name] };
}

function reference(definition: string): JsonSchema {
  return { $ref: `#/definitions/${definition}` };
}

/** What is put in the place of these when a loop is loaded. */
const abbreviations: Record<string, JsonSchema> = {
  from: {
    type: ["string", "number", "boolean"],
    description:
      "The loop that this one builds on: a path next to this file, with or without .yaml. What is said here wins.",
  },
  flow: {
    type: "array",
    minItems: 1,
    items: { type: ["string", "number", "boolean"] },
    description: "States that lead from one to the next, or on yes and no to two: [check, fix?check:failed, done].",
  },
  state_defs: {
    type: "object",
    additionalProperties: reference("statePart"),
    description: "What the states of the flow do, by name.",
  },
  import: {
    type: "array",
    items: { type: ["string", "number", "boolean"] },
    description: "Files with fragments, as paths next to this one. Later ones win.",
  },
  fragments: {
    type: "object",
    additionalProperties: reference("statePart"),
    description: "Parts of states by name, for the fragment of a state.",
  },
};

/** All that may be in a state, some of which may come from elsewhere. */
function statePart({ properties, ...rest }: JsonSchema): JsonSchema {
  const fields = properties as Record<string, JsonSchema>;
  const { evaluate = {} } = fields;
  const alias = (of: string) => ({ ...fields[of], description: `Another name for ${of}.` });
  const begun = { type: "object", not: has("type"), description: "More for an evaluator from elsewhere." };
  const known = {
    ...fields,
    evaluate: { ...evaluate, oneOf: [...(evaluate["oneOf"] as JsonSchema[]), begun] },
    fragment: {
      type: ["string", "number", "boolean"],
      description: "Name of a fragment that this state builds on. What is said here wins.",
    },
    on_success: alias("on_yes"),
    on_failure: alias("on_no"),
  };
  // Neither what is a field already, nor what is refused as not built.
  const taken = [...Object.keys(known), ...laterStateFields].filter((name) => name.startsWith("on_"));
  return {
    ...rest,
    properties: known,
    patternProperties: {
      [`^(?!(?:${taken.join("|")})$)on_.`]: {
        ...fields["on_yes"],
        description: "Where the verdict of that name leads.",
      },
    },
  };
}

/** What has to be there in a state that builds on nothing. */
const wholeState: JsonSchema = {
  type: "object",
  if: has("fragment"),
  else: {
    type: "object",
    properties: { evaluate: has("type") },
    dependencies: { max_retries: ["on_retry_exhausted"], on_retry_exhausted: ["max_retries"] },
  },
};

/** Words for booleans, which an editor that reads YAML 1.2 takes for text. */
const booleans = [true, false, "yes", "no", "on", "off"];

/** From what a definition holds to what a file may say for it. */
function loosen({ jsonSchema, path }: { jsonSchema: JsonSchema; path: readonly (string | number)[] }): void {
  const { type, enum: choices, const: constant } = jsonSchema;
  if (type === "string" && choices === undefined && constant === undefined) {
    // Without quotes it is the text that is written.
    jsonSchema["type"] = ["string", "number", "boolean"];
  }
  if (type === "boolean") {
    delete jsonSchema["type"];
    jsonSchema["enum"] = booleans;
  }
  if (jsonSchema["maximum"] === Number.MAX_SAFE_INTEGER) delete jsonSchema["maximum"];
  delete jsonSchema["propertyNames"];
  // 0 is none, but for the loop as a whole and for the model.
  const field = path.at(-1);
  if (field === "default_timeout" || (field === "timeout" && path.includes("states"))) {
    delete jsonSchema["exclusiveMinimum"];
    jsonSchema["minimum"] = 0;
  }
}
