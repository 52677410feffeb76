import type { Harness } from "./harness.js";
import type { Need } from "./needs.js";

/** One promise of the protocol and how it is put to the test. */
export interface Check {
  /** Stable, kebab-case: what `knownGaps` names. */
  readonly id: string;
  /** The promise in words. */
  readonly title: string;
  readonly needs: readonly Need[];
  /** How the defect is usually mended. A Violation may know better. */
  readonly mend: string;
  /** Begins in the turn in which the transport was made; the others let a few turns pass. @default false */
  readonly atOnce?: boolean;
  /** Throws a Violation where the promise is broken. The harness is disposed of by the caller. */
  run(harness: Harness): Promise<void>;
}
