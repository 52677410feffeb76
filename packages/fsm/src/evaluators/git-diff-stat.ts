import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LoopsError, timerMs } from "@loops/core";
import type { EvaluatorEffects } from "./evaluation.js";

const run = promisify(execFile);

export interface GitDiffStatOptions {
  /** @default that of this process */
  readonly cwd?: string | undefined;
  /** @default 30000 */
  readonly timeoutMs?: number | undefined;
}

/**
 * `git diff --stat` of a working tree: what `diff_stall` compares. Without a shell, a pager or a lock on the index;
 * paths are never read as options. Rejects with `LOOPS_DIFF` where git cannot say.
 */
export function gitDiffStat(options: GitDiffStatOptions = {}): EvaluatorEffects["diffStat"] {
  const { cwd = process.cwd(), timeoutMs = 30_000 } = options;
  return async (scope, signal) => {
    const paths = scope.length === 0 ? [] : ["--", ...scope];
    try {
      const { stdout } = await run("git", ["--no-optional-locks", "--no-pager", "diff", "--stat", ...paths], {
        cwd,
        signal,
        timeout: timerMs(timeoutMs),
        killSignal: "SIGKILL",
        maxBuffer: 64 * 1024 * 1024,
        windowsHide: true,
      });
      return stdout;
    } catch (error) {
      signal.throwIfAborted();
      throw new LoopsError("LOOPS_DIFF", `[git-diff-stat] ${explain(error, cwd, timeoutMs)}`, { cause: error });
    }
  };
}

function explain(error: unknown, cwd: string, timeoutMs: number): string {
  const { code, killed, stderr } = error as { code?: string | number; killed?: boolean; stderr?: string };
  if (code === "ENOENT") return `git is not installed, or ${cwd} is no directory. diff_stall needs both.`;
  if (code === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "git had more than 64 MiB to say. Give diff_stall a scope.";
  if (killed === true) return `git took longer than ${timeoutMs} ms. Give diff_stall a scope.`;
  return `git failed in ${cwd} (${code}): ${(stderr ?? "").trim().slice(0, 200)}`;
}
