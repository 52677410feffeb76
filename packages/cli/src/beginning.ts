import type { StateStore } from "@loops/core";
import type { FsmEvent, RunState } from "@loops/fsm";

/**
 * Tells the event with which a process begins a run, or goes on with it, from those that are emitted again: they come
 * before it. By what the store has recorded until now, and not by the time, since a clock can be put back.
 *
 * @param run exact name of the loop or id of the run, as `find` of the store takes it
 * @param goesOn the run is resumed, and not started anew
 */
export async function beginningOf(
  store: Pick<StateStore<RunState>, "find" | "readEvents">,
  run: string,
  goesOn: boolean,
): Promise<(event: FsmEvent) => boolean> {
  const known = new Set<string>();
  let depth = 0;
  try {
    const found = await store.find(run);
    if (found !== null) {
      if (goesOn) depth = found.depth;
      for (const event of await store.readEvents(found.loop_name, found.run_id)) {
        if (isBeginning(event) && typeof event.id === "string") known.add(event.id);
      }
    }
  } catch {
    // What cannot be read the engine reads next, and says so.
  }
  return (event) => isBeginning(event) && event.depth === depth && !known.has(event.id);
}

function isBeginning({ event }: { readonly event: string }): boolean {
  return event === "loop_start" || event === "loop_resume";
}
