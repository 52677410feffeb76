import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileStore, parseLoop, type RunResult, runLoop } from "@loops/fsm";
import { onTestFinished } from "vitest";

/** Checks until it is let through; each lap waits for a word of the test. */
export const gated = `name: fix-types
initial: check
max_iterations: 40
states:
  check:
    action: "until [ -e go-$LOOPS_ITERATION ]; do sleep 0.06; done; echo checked; grep -q yes go-$LOOPS_ITERATION"
    on_yes: review
    on_no: fix
    on_error: give-up
  fix: { action: "echo mended one of them", next: check }
  review: { loop: lint, on_yes: done, on_no: fix }
  done: { terminal: true }
  give-up: { terminal: true }
`;

const lint = `name: lint
initial: scan
states:
  scan: { action: "echo scanned 14 files", next: clean }
  clean: { terminal: true }
`;

export interface LoopFolder {
  readonly dir: string;
  readonly store: ReturnType<typeof fileStore>;
  /** Runs a loop in this process. */
  run(text?: string): { readonly ended: Promise<RunResult> };
  /** Lets the check of that iteration through. */
  let(iteration: number, verdict: "yes" | "no"): void;
}

/** A project of this test alone, with a loop that goes on when the test says so. */
export function loopFolder(): LoopFolder {
  const path = mkdtempSync(join(tmpdir(), "loops-live-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  const dir = join(path, ".loops");
  const store = fileStore({ dir });
  writeFileSync(join(path, "lint.yaml"), lint);
  return {
    dir,
    store,
    run(text = gated) {
      const stop = new AbortController();
      const { definition } = parseLoop(text);
      const ended = runLoop({
        definition,
        store,
        cwd: path,
        signal: stop.signal,
        forceSignal: stop.signal,
        loopsDir: path,
      });
      // A test that fails leaves no action behind.
      onTestFinished(async () => {
        stop.abort();
        await ended.catch(() => undefined);
      });
      return { ended };
    },
    let(iteration, verdict) {
      // There at once with all that is in it: the check waits for no more than that there is such a file.
      writeFileSync(join(path, "go"), verdict);
      renameSync(join(path, "go"), join(path, `go-${iteration}`));
    },
  };
}
