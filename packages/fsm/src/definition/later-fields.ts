/** Known to the original system, and given a meaning here later. Until then a loop that asks for one must not seem to get it. */
export const laterLoopFields = new Set(
  (
    "maintain backoff scope llm on_handoff max_edge_revisits parameters config category labels commands targets " +
    "import fragments from flow state_defs"
  ).split(" "),
);
export const laterStateFields = new Set(
  (
    "params on_maintain loop context_passthrough with agent tools type learning throttle on_throttle_hard " +
    "max_rate_limit_retries on_rate_limit_exhausted rate_limit_backoff_base_seconds rate_limit_max_wait_seconds " +
    "rate_limit_long_wait_ladder fragment"
  ).split(" "),
);
export const laterActionTypes = new Set(["prompt", "slash_command", "mcp_tool"]);
export const laterEvaluators = new Set(
  "output_numeric output_json convergence diff_stall llm_structured mcp_result harbor_scorer".split(" "),
);
