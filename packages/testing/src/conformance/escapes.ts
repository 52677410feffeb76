const kinds = ["unhandledRejection", "uncaughtException"] as const;

/** Errors that nobody has caught since the watch began. */
export interface EscapeWatch {
  readonly escaped: readonly unknown[];
  /** Gives the process back to those who listened before. */
  end(): void;
}

/**
 * Takes note of unhandled rejections and uncaught exceptions. The listeners of the test runner are put aside meanwhile:
 * most runners end the whole run over such an error, so that nobody would be told which promise was broken.
 */
export function watchForEscapes(): EscapeWatch {
  const escaped: unknown[] = [];
  const note = (error: unknown) => void escaped.push(error);
  const before = kinds.map((kind) => process.rawListeners(kind));
  for (const kind of kinds) {
    process.removeAllListeners(kind);
    process.on(kind, note);
  }
  return {
    escaped,
    end() {
      for (const [index, kind] of kinds.entries()) {
        process.off(kind, note);
        for (const listener of before[index] ?? []) process.on(kind, listener as (error: unknown) => void);
      }
    },
  };
}
