import vm from "node:vm";

export type Match =
  | { readonly kind: "done"; readonly matched: boolean }
  | { readonly kind: "timed-out" }
  /** The expression is larger than the engine takes, which only a search finds out. */
  | { readonly kind: "too-large" };

interface Sandbox {
  readonly values: { expression: RegExp | null; text: string };
  readonly context: vm.Context;
  readonly test: vm.Script;
}

let sandbox: Sandbox | undefined;

/**
 * Whether `expression` is found in `text`, given up after `timeoutMs`. V8 cannot be asked how long a pattern will
 * backtrack, and a timer cannot fire while it does: only a script with a time limit is interrupted. It costs about
 * 0.1 ms more than a plain call, which is little beside the action whose output this is.
 */
export function testWithin(expression: RegExp, text: string, timeoutMs: number): Match {
  sandbox ??= makeSandbox();
  const { values, context, test } = sandbox;
  values.expression = expression;
  values.text = text;
  try {
    return { kind: "done", matched: test.runInContext(context, { timeout: timeoutMs }) === true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return { kind: "timed-out" };
    if (isTooLarge(error)) return { kind: "too-large" };
    throw error;
  } finally {
    // The text may be megabytes, and the sandbox stays.
    values.expression = null;
    values.text = "";
  }
}

/** Whether `expression` is found in `text`: for one that cannot backtrack, and takes linear time. */
export function testAtOnce(expression: RegExp, text: string): Match {
  try {
    return { kind: "done", matched: expression.test(text) };
  } catch (error) {
    if (isTooLarge(error)) return { kind: "too-large" };
    throw error;
  }
}

/** By its name: it may come from the other realm. */
function isTooLarge(error: unknown): boolean {
  return (error as Error).name === "SyntaxError";
}

/** Made once, by the first pattern: a context costs about a millisecond. */
function makeSandbox(): Sandbox {
  const values: Sandbox["values"] = { expression: null, text: "" };
  return { values, context: vm.createContext(values), test: new vm.Script("expression.test(text)") };
}
