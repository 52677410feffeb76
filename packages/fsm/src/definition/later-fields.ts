/** What these stand for is put in their place when a loop file is read (see expand.ts): a definition has none of them. */
export const expandedLoopFields: readonly string[] = ["from", "flow", "state_defs", "import", "fragments"];
export const expandedStateFields: readonly string[] = ["fragment"];

/** Known to the original system, and not built here: a loop that asks for one must not seem to get it. */
export const laterStateFields: ReadonlySet<string> = new Set(
  (
    "agent tools type learning throttle on_throttle_hard max_rate_limit_retries on_rate_limit_exhausted " +
    "rate_limit_backoff_base_seconds rate_limit_max_wait_seconds rate_limit_long_wait_ladder"
  ).split(" "),
);
export const laterEvaluators: ReadonlySet<string> = new Set(["harbor_scorer"]);

/** Known to the original system, for people or for other tools: a loop runs the same without them. */
export const descriptiveLoopFields: ReadonlySet<string> = new Set("category labels commands targets config".split(" "));
