import type { StoreHarness } from "./harness.js";
import type { StoreNeed } from "./needs.js";

/** One promise of a store and how it is put to the test. */
export interface StoreCheck {
  /** Stable, kebab-case: what `knownGaps` names. */
  readonly id: string;
  /** The promise in words. */
  readonly title: string;
  readonly needs: readonly StoreNeed[];
  /** How the defect is usually mended. A Violation may know better. */
  readonly mend: string;
  /** Throws a Violation where the promise is broken. Leases and the subject are released by the caller. */
  run(harness: StoreHarness): Promise<void>;
}
