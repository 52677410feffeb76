const kinds = ["unhandledRejection", "uncaughtException"] as const;

/** Errors that nobody has caught since the watch began. */
export interface EscapeWatch {
  readonly escaped: readonly unknown[];
  end(): void;
}

type Listener = (error: unknown) => void;

/** Running watches: they may overlap, where a runner runs tests side by side. */
const watches = new Set<unknown[]>();
let putAside: readonly (readonly Listener[])[] = [];

/**
 * Takes note of unhandled rejections and uncaught exceptions. The listeners of the test runner are put aside meanwhile:
 * most runners end the whole run over such an error, and nobody would be told which promise was broken.
 */
export function watchForEscapes(): EscapeWatch {
  const escaped: unknown[] = [];
  if (watches.size === 0) takeOver();
  watches.add(escaped);
  return {
    escaped,
    end() {
      if (watches.delete(escaped) && watches.size === 0) giveBack();
    },
  };
}

function note(error: unknown): void {
  for (const escaped of watches) escaped.push(error);
}

function takeOver(): void {
  putAside = kinds.map((kind) => process.rawListeners(kind) as Listener[]);
  for (const kind of kinds) {
    process.removeAllListeners(kind);
    process.on(kind, note);
  }
}

function giveBack(): void {
  for (const [index, kind] of kinds.entries()) {
    process.off(kind, note);
    for (const listener of putAside[index] ?? []) process.on(kind, listener);
  }
}
