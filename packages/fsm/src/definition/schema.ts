import * as z from "zod";

/*
 * The one schema of a loop. The message of each part says what is expected there, so that an error can add what was
 * found. It describes a loop after its aliases are resolved and what has no meaning is taken out (see prepare.ts);
 * rules between fields and between states are in rules.ts and graph.ts.
 */

/** Timers of Node cannot be set for longer; a longer one would fire at once. */
const MAX_SECONDS = 2_147_483;

const text = z.string("text");
const target = z.string("the name of a state");
const seconds = z
  .number("a number of seconds")
  .gt(0, "a number of seconds above 0")
  .lte(MAX_SECONDS, `at most ${MAX_SECONDS} seconds (24 days)`);
const positiveInteger = z.int("a whole number").gte(1, "a whole number of at least 1");

/** By `type`; a new evaluator is a new entry here and in evaluators/. */
export const evaluatorSchemas = {
  exit_code: z.strictObject({
    type: z.literal("exit_code"),
    source: text.exactOptional(),
  }),
  output_contains: z.strictObject({
    type: z.literal("output_contains"),
    pattern: text,
    negate: z.boolean("true or false").exactOptional(),
    source: text.exactOptional(),
  }),
};

const evaluator = z.discriminatedUnion(
  "type",
  [evaluatorSchemas.exit_code, evaluatorSchemas.output_contains],
  `a mapping with "type: ${Object.keys(evaluatorSchemas).join('" or "type: ')}"`,
);

export const stateSchema = z.strictObject(
  {
    action: text.exactOptional(),
    action_type: z.literal("shell", '"shell"').exactOptional(),
    evaluate: evaluator.exactOptional(),
    route: z
      .record(z.string(), target, "a mapping from verdicts to states")
      .refine((route) => Object.keys(route).length > 0, "at least one verdict with its state")
      .exactOptional(),
    on_yes: target.exactOptional(),
    on_no: target.exactOptional(),
    on_error: target.exactOptional(),
    on_partial: target.exactOptional(),
    on_blocked: target.exactOptional(),
    next: target.exactOptional(),
    terminal: z.boolean("true or false").exactOptional(),
    capture: text.min(1, "a name that is not empty").exactOptional(),
    timeout: seconds.exactOptional(),
    max_retries: positiveInteger.exactOptional(),
    on_retry_exhausted: target.exactOptional(),
  },
  "a mapping with the fields of a state",
);

export const loopSchema = z.strictObject(
  {
    name: text,
    description: text.exactOptional(),
    initial: target,
    states: z.record(z.string(), stateSchema, "a mapping from names to states"),
    context: z.record(z.string(), z.unknown(), "a mapping from names to values").default({}),
    max_iterations: positiveInteger.default(50),
    timeout: seconds.exactOptional(),
    default_timeout: seconds.exactOptional(),
    input_key: text.min(1, "a name that is not empty").default("input"),
  },
  "a mapping with name, initial and states",
);
