const marker = Symbol.for("@loops/core/error");

/**
 * An error of @loops: a stable `code` (`LOOPS_*`, see docs/errors.md), a message that says where, what and what to do,
 * and the `cause` where there is one.
 */
export class LoopsError extends Error {
  override name = "LoopsError";
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Unlike that of other errors, JSON of a report has the message. */
  toJSON(): object {
    return { ...this, message: this.message };
  }

  get [marker](): boolean {
    return true;
  }
}

/** Whether `error` is a {@link LoopsError}, of `code` where that is given; true across two installed copies of core. */
export function isLoopsError(error: unknown, code?: string): error is LoopsError {
  return (
    typeof error === "object" &&
    error !== null &&
    (error as Record<symbol, unknown>)[marker] === true &&
    (code === undefined || (error as LoopsError).code === code)
  );
}

/** The message of anything thrown. Never throws. */
export function errorMessage(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "unknown";
  }
}
