// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of loops

import * as z from "zod";
import { flag, mapping, numberOrTemplate, paths, positiveInteger, text, value } from "./field-types.js";

const operator = z
  .enum(["eq", "ne", "lt", "le", "gt", "ge"], '"eq", "ne", "lt", "le", "gt" or "ge"')
  .describe("How the output is compared with the target.");

const atLeast0 = "a number of at least 0, or a template that gives one";

const source = text
  .exactOptional()
  .describe("Template whose text is looked at instead of standard output, such as ${captured.lint.output}.");

/** The built-in evaluators by `type`; a new one is a new entry here and in evaluators/. */
export const evaluatorSchemas = {
  exit_code: z.strictObject({ type: z.literal("exit_code"), source }).describe("0 is yes, 1 is no, all else is error."),
  output_numeric: z
    .strictObject({
      type: z.literal("output_numeric"),
      operator,
      target: numberOrTemplate.describe("A number, or a template that gives one."),
      source,
    })
    .describe("Compares the output, which is a number, with a target: yes or no."),
  output_json: z
    .strictObject({
      type: z.literal("output_json"),
      path: text.describe("Where the value is: names and list indices joined by dots."),
      operator,
      target: value.describe("What it is compared with. Not interpolated."),
      source,
    })
    .describe("Compares a value inside output in JSON with a target: yes or no."),
  output_contains: z
    .strictObject({
      type: z.literal("output_contains"),
      pattern: text.describe("Regular expression; searched as plain text where it is none. Not interpolated."),
      negate: flag.exactOptional().describe("Whether finding it is no. Default: false."),
      source,
    })
    .describe("Whether the output contains a pattern: yes or no."),
  convergence: z
    .strictObject({
      type: z.literal("convergence"),
      target: numberOrTemplate.describe("The number to come to, or a template that gives one."),
      previous: numberOrTemplate.exactOptional().describe("Default: the value that this state had the last time."),
      tolerance: z
        .union([z.number().gte(0, atLeast0), text], atLeast0)
        .exactOptional()
        .describe("Distance from the target that counts as there. Default: 0."),
      direction: z
        .enum(["minimize", "maximize"], '"minimize" or "maximize"')
        .exactOptional()
        .describe('Which way is better. Default: "minimize".'),
      source,
    })
    .describe("Whether the output, which is a number, comes closer: target, progress or stall."),
  diff_stall: z
    .strictObject({
      type: z.literal("diff_stall"),
      scope: paths.exactOptional().describe("Paths to look at. Default: all of the working tree."),
      max_stall: positiveInteger.exactOptional().describe("So many looks without a change are a stall. Default: 1."),
      source,
    })
    .describe("Whether the working tree still changes: yes, or no once it stalls."),
  llm_structured: z
    .strictObject({
      type: z.literal("llm_structured"),
      prompt: text.exactOptional().describe("The question, a template. Default: whether the action succeeded."),
      schema: mapping
        .exactOptional()
        .describe("JSON Schema of the answer. Default: verdict (yes, no, blocked, partial), confidence, reason."),
      min_confidence: z
        .number("a number from 0 to 1")
        .gte(0, "a number from 0 to 1")
        .lte(1, "a number from 0 to 1")
        .exactOptional()
        .describe("How sure a verdict has to be. Default: 0.5."),
      uncertain_suffix: flag
        .exactOptional()
        .describe("Whether a verdict that is less sure ends in _uncertain. Default: false."),
      source,
    })
    .describe("Asks a model; the verdict is what it says."),
  mcp_result: z
    .strictObject({ type: z.literal("mcp_result"), source })
    .describe("Reads the result of an MCP tool: success, tool_error, not_found or timeout."),
};

/** The config of an evaluator that the program brings along: its fields are its own. */
export function customEvaluatorSchema(type: string) {
  return z.looseObject({ type: z.literal(type), source }).describe(`The evaluator ${type} of the program itself.`);
}
