import { errorMessage, LoopsError, type RunLease } from "@loops/core";
import type { RunState } from "../run-state.js";
import type { Effects } from "./effects.js";
import { isPromise } from "./is-promise.js";

type Annotations = Readonly<Record<string, string>>;

const maxLength = 4096;
const notText = "annotations must be an object of texts by name";

/**
 * What asks `annotateRun` about a segment, to be called when its first event has been emitted; `undefined` where nobody
 * is to be asked. It gives what the run is to keep from then on, those of earlier segments included, and never throws.
 */
export function annotationsOf(
  lease: RunLease<RunState>,
  { annotateRun, warn }: Pick<Effects, "annotateRun" | "warn">,
): (() => Annotations | undefined) | undefined {
  if (annotateRun === undefined) return undefined;
  return () => {
    const { run_id, loop_name: loop, parent_run_id, annotations } = lease.state;
    try {
      const given: unknown = annotateRun({ run_id, loop, parent_run_id });
      return given === undefined ? undefined : checked({ ...annotations, ...texts(given) });
    } catch (cause) {
      const message = `[engine] annotateRun failed for run ${run_id} of loop "${loop}", which goes on without annotations: ${errorMessage(cause)}`;
      warn(new LoopsError("LOOPS_ANNOTATIONS", message, { cause }));
      return undefined;
    }
  };
}

function texts(given: unknown): Annotations {
  if (isPromise(given)) {
    // Nobody else looks at it: its rejection would end the process.
    given.then(undefined, () => {});
    throw new TypeError("it returned a promise, and is not waited for");
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw new TypeError(notText);
  if (!Object.values(given).every((value) => typeof value === "string")) throw new TypeError(notText);
  return given as Annotations;
}

/** They are in the state of the run, and in an event: neither may grow without bound. */
function checked(annotations: Annotations): Annotations {
  const { length } = JSON.stringify(annotations);
  if (length > maxLength) throw new RangeError(`annotations of ${length} characters: at most ${maxLength} are kept`);
  return annotations;
}
