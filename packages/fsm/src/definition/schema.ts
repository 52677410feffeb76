// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of loops

import * as z from "zod";
import { defaultLlm } from "./default-llm.js";
import { customEvaluatorSchema, evaluatorSchemas } from "./evaluator-schemas.js";
import { flag, mapping, name, paths, positiveInteger, routes, seconds, target, text } from "./field-types.js";
import { parametersSchema } from "./parameter-schema.js";

/*
 * The one schema of a loop: what the types, the checks and the JSON Schema for editors agree on. It describes a loop
 * after its aliases are resolved and what has no meaning is taken out (see prepare.ts); rules between fields and between
 * states are in rules.ts and graph.ts.
 */

/** What a program brings along beside the built-in kinds. */
export interface LoopExtensions<Evaluator extends string = string, ActionType extends string = string> {
  /** Names of evaluators that a loop may use as the `type` of `evaluate`. @default none */
  readonly evaluators?: readonly Evaluator[] | undefined;
  /** Names that a loop may use as `action_type`. @default none */
  readonly actionTypes?: readonly ActionType[] | undefined;
}

export const builtInActionTypes = ["shell", "prompt", "slash_command", "mcp_tool"] as const;

const optionalTarget = target.exactOptional();

/** The fields of a state that are the same whatever a program brings along. */
const stateFields = {
  description: text.exactOptional().describe("What the state is for. For people."),
  action: text
    .exactOptional()
    .describe("Command, prompt, or name of a tool (server/tool) or function; a template. Without it nothing is done."),
  params: mapping.exactOptional().describe("Arguments of an MCP tool or a function; texts in it are templates."),
  route: routes
    .exactOptional()
    .describe("Where each verdict leads; _ is every other one, _error comes before it for error. Wins over on_..."),
  on_yes: optionalTarget.describe("Where the verdict yes leads (also success, of an MCP tool)."),
  on_no: optionalTarget.describe("Where the verdict no leads."),
  on_error: optionalTarget.describe("Where the verdict error leads; beside next, where a failed action leads."),
  on_partial: optionalTarget.describe("Where the verdict partial leads."),
  on_blocked: optionalTarget.describe("Where the verdict blocked leads."),
  on_verdict: routes.exactOptional().describe("Where other verdicts lead; the same as on_<verdict> for each."),
  next: optionalTarget.describe("Where to go whatever comes out. Nothing is evaluated; wins over route and on_..."),
  terminal: flag.exactOptional().describe("Whether the loop is done here. Default: false."),
  capture: name.exactOptional().describe("Key under which the result is kept, for ${captured.<key>.output}."),
  timeout: seconds.exactOptional().describe("Seconds for the action. Default: default_timeout of the loop."),
  on_maintain: optionalTarget.describe(
    "Where a loop with maintain starts again from here. Default: its initial state.",
  ),
  max_retries: positiveInteger
    .exactOptional()
    .describe("How often in a row the state may come back to itself. Needs on_retry_exhausted."),
  on_retry_exhausted: optionalTarget.describe("Where to go after max_retries."),
  loop: text.exactOptional().describe("Name or path of a loop that runs as this state's action; a template."),
  context_passthrough: flag
    .exactOptional()
    .describe("Whether the child loop sees context and captures of this one. Default: false."),
  with: mapping
    .exactOptional()
    .describe("Values for the context of the child loop, by its parameters; texts in it are templates."),
};

const llm = z
  .strictObject(
    {
      enabled: flag.default(defaultLlm.enabled).describe("Without it, what would ask a model has the verdict error."),
      model: text.default(defaultLlm.model).describe("Name of the model."),
      max_tokens: positiveInteger.default(defaultLlm.max_tokens).describe("Longest answer."),
      timeout: seconds.default(defaultLlm.timeout).describe("Seconds to wait for an answer."),
    },
    "a mapping with enabled, model, max_tokens and timeout",
  )
  .describe("How the model behind llm_structured is asked.");

const loopFields = {
  name: text.describe("Name of the loop; part of the names of its files."),
  description: text.exactOptional().describe("What the loop is for. For people."),
  initial: target.describe("The state in which the loop begins."),
  context: mapping.default({}).describe("Values for ${context.<key>}."),
  parameters: parametersSchema
    .exactOptional()
    .describe("What a state that runs this loop may give it in with, by name. Without any, anything."),
  scope: paths
    .exactOptional()
    .describe("Paths, from the working directory, that no other run may work on meanwhile. Default: no restriction."),
  max_iterations: positiveInteger.default(50).describe("How many times a state may be entered, all in all."),
  backoff: z
    .number("a number of seconds")
    .gte(0, "a number of seconds, 0 or more")
    .exactOptional()
    .describe("Seconds to wait after each route."),
  timeout: seconds.exactOptional().describe("Seconds of running time for the whole loop."),
  default_timeout: seconds
    .exactOptional()
    .describe("Seconds for an action whose state has no timeout. Default: 3600 (30 for an MCP tool)."),
  maintain: flag.exactOptional().describe("Whether a terminal state starts the loop again. Default: false."),
  llm: llm.exactOptional(),
  on_handoff: z
    .enum(["pause", "spawn", "terminate"], '"pause", "spawn" or "terminate"')
    .exactOptional()
    .describe('What to do when an action says that its context is used up. Default: "pause".'),
  max_edge_revisits: positiveInteger
    .exactOptional()
    .describe("How often one way from state to state may be taken before that is a cycle. Default: without end."),
  input_key: name.default("input").describe("Context key of the positional input on the command line."),
};

/** The schemas of a loop and of its parts, with what a program brings along. */
export type LoopSchemas = ReturnType<typeof buildSchemas>;

let withoutExtensions: LoopSchemas | undefined;

export function schemasFor({ evaluators = [], actionTypes = [] }: LoopExtensions = {}): LoopSchemas {
  if (evaluators.length > 0 || actionTypes.length > 0) return buildSchemas(evaluators, actionTypes);
  withoutExtensions ??= buildSchemas([], []);
  return withoutExtensions;
}

function buildSchemas(evaluatorNames: readonly string[], actionTypeNames: readonly string[]) {
  const builtIn = evaluatorSchemas;
  const custom = [...new Set(evaluatorNames)]
    .filter((type) => !Object.hasOwn(builtIn, type))
    .map((type) => [type, customEvaluatorSchema(type)] as const);
  const known = [...Object.keys(builtIn), ...custom.map(([type]) => type)];
  const actionTypes = [...new Set<string>([...builtInActionTypes, ...actionTypeNames])];
  const evaluate = z
    .discriminatedUnion(
      "type",
      [
        builtIn.exit_code,
        builtIn.output_numeric,
        builtIn.output_json,
        builtIn.output_contains,
        builtIn.convergence,
        builtIn.diff_stall,
        builtIn.llm_structured,
        builtIn.mcp_result,
        ...custom.map(([, schema]) => schema),
      ],
      `a mapping with a "type": ${known.join(", ")}`,
    )
    .describe("What judges the action. Default: exit_code; llm_structured for prompts, mcp_result for MCP tools.");
  const state = z
    .strictObject(
      {
        ...stateFields,
        action_type: z
          .enum(actionTypes, `one of ${actionTypes.join(", ")}`)
          .exactOptional()
          .describe('How the action is run. Default: prompt for one that begins with "/", else shell.'),
        evaluate: evaluate.exactOptional(),
      },
      "a mapping with the fields of a state",
    )
    .describe("One state of the loop.");
  const loop = z.strictObject(
    {
      ...loopFields,
      states: z
        .record(z.string(), state, "a mapping from names to states")
        .describe("The states by name, at least one of them terminal."),
    },
    "a mapping with name, initial and states",
  );
  return { loop, state, llm, evaluators: new Map<string, z.ZodObject>([...Object.entries(builtIn), ...custom]) };
}
