import type { ActionOutcome, ActionRequest, ActionRunner } from "../actions/runner.js";
import type { EvaluationRequest, EvaluatorEffects, Verdict } from "../evaluators/evaluation.js";
import type { Answer } from "./scenario.js";

/** What takes the place of everything that acts or looks at the world. */
export interface SimulatedEffects {
  readonly runner: ActionRunner;
  readonly answer: NonNullable<EvaluatorEffects["answer"]>;
  /** What a scenario threw; it ends the simulation, not the loop. */
  failure(): { readonly error: unknown } | null;
}

/** An evaluator is answered as the action of its state was; one without an action is asked for by itself. */
export function simulatedEffects(answerFor: (state: string) => Answer): SimulatedEffects {
  let last: Answer | null = null;
  let failure: { readonly error: unknown } | null = null;
  const ask = (state: string): Answer => {
    try {
      return answerFor(state);
    } catch (error) {
      failure ??= { error };
      throw error;
    }
  };
  return {
    failure: () => failure,
    runner: {
      prepare: (request) => ({
        process: null,
        start: () => {
          last = ask(request.env["LOOPS_STATE"] ?? "");
          return pretend(request, last);
        },
        abandon: () => undefined,
      }),
      endOrphan: () => Promise.resolve(false),
    },
    answer: (request) => {
      const answer = request.actionType === undefined ? null : last;
      // Nothing to be answered: it looks at values alone.
      if (answer?.verdict == null && looksAtValuesOnly(request)) return null;
      return verdictOf(request, answer ?? ask(request.state));
    },
  };
}

/** The marks of signals, which are quoted by many a prompt: it is the action's text, and nobody has said them. */
const marks = /(CONTEXT_HANDOFF|FATAL_ERROR|LOOP_STOP):/g;

function pretend({ command, onLine }: ActionRequest, { exitCode }: Answer): ActionOutcome {
  const output = `[simulated output for: ${command.replace(marks, "$1 :")}]`;
  for (const line of output.split("\n")) onLine(line.trimEnd());
  return { kind: "completed", result: { output, stderr: "", exit_code: exitCode, duration_ms: 0 } };
}

const ofValues: ReadonlySet<string> = new Set([
  "exit_code",
  "output_numeric",
  "output_json",
  "output_contains",
  "convergence",
]);

function looksAtValuesOnly(request: EvaluationRequest): boolean {
  const type = typeOf(request);
  // A loop that has turned models off is told so.
  return ofValues.has(type) || (type === "llm_structured" && !request.llm.enabled);
}

function verdictOf(request: EvaluationRequest, { exitCode, verdict }: Answer): Verdict {
  const words = typeOf(request) === "mcp_result" ? toolVerdict : yesOrNo;
  return { verdict: verdict ?? words(exitCode), details: { simulated: true } };
}

function yesOrNo(exitCode: number): string {
  return exitCode === 0 ? "yes" : exitCode === 1 ? "no" : "error";
}

/** In the words of `mcp_result`. */
function toolVerdict(exitCode: number): string {
  if (exitCode === 127) return "not_found";
  if (exitCode === 124) return "timeout";
  return exitCode === 0 ? "success" : "tool_error";
}

const defaultTypes: ReadonlyMap<string | undefined, string> = new Map([
  ["prompt", "llm_structured"],
  ["slash_command", "llm_structured"],
  ["mcp_tool", "mcp_result"],
]);

function typeOf({ config, actionType }: EvaluationRequest): string {
  return config?.type ?? defaultTypes.get(actionType) ?? "exit_code";
}
