type Fields = Record<string, unknown>;

/** `undefined` where a file is no JSON object. */
export function parseState(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

/** What a state file says, as an event: how a run stood when it was written. @param stem name of the file, for a loop without one */
export function stateRecord(state: Fields, stem: string): Fields {
  const { loop_name, current_state, updated_at, started_at, run_id } = state;
  const loop = typeof loop_name === "string" && loop_name !== "" ? loop_name : stem.replace(/\.state$/, "");
  return {
    event: "backfill",
    ts: firstText(updated_at, started_at),
    loop,
    ...(typeof current_state === "string" && { state: current_state }),
    ...(typeof run_id === "string" && { run_id }),
  };
}

const firstText = (...values: unknown[]) => values.find((value) => typeof value === "string" && value !== "") ?? "";
