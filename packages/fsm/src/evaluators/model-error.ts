import { isLoopsError, LoopsError } from "@loops/core";

/**
 * Why there is no answer: `missing`, nothing that could be asked; `timeout`; `empty`, it said nothing; `failed`, all else.
 */
export type ModelErrorKind = "missing" | "timeout" | "empty" | "failed";

/** What an `AskModel` rejects with: a `LoopsError` with the code `LOOPS_MODEL`. */
export class ModelError extends LoopsError {
  override name = "ModelError";
  readonly kind: ModelErrorKind;

  constructor(kind: ModelErrorKind, message: string, options?: ErrorOptions) {
    super("LOOPS_MODEL", message, options);
    this.kind = kind;
  }
}

/** The kind of anything thrown; `failed` for what is no {@link ModelError}. True across two installed copies. */
export function modelErrorKind(error: unknown): ModelErrorKind {
  return isLoopsError(error, "LOOPS_MODEL") ? (error as ModelError).kind : "failed";
}
