import { isLoopsError } from "@loops/core";
import type { RunState } from "../run-state.js";
import { resolveBlobs } from "./blobs.js";
import type { CommitMark } from "./commit-codec.js";
import { ownStemOf, type RunPaths } from "./layout.js";
import { type LoadedRun, loadRun } from "./load.js";
import { listDirectory } from "./owner.js";
import { readIfExists, readRecords } from "./read-file.js";
import type { StoreContext } from "./store-context.js";
import { decodeView } from "./view.js";

/** What lies under one stem. */
export type StemContent =
  | { readonly kind: "run"; readonly paths: RunPaths; readonly run: LoadedRun }
  | { readonly kind: "corrupt"; readonly paths: RunPaths; readonly error: Error };

/** Every run that is not archived, in the order of their files. */
export function* readRunning(context: StoreContext): Generator<StemContent, void, undefined> {
  for (const stem of stemsIn(listDirectory(context.fs, context.layout.running))) {
    const content = readStem(context, stem);
    if (content !== null) yield content;
  }
}

/** What lies under `stem`; `null` where no run does. */
export function readStem(context: StoreContext, stem: string): StemContent | null {
  const paths = context.layout.run(stem);
  try {
    const run = loadRun(context.fs, paths);
    if (run === null) return null;
    context.seen.set(run.state.run_id, stem);
    return { kind: "run", paths, run };
  } catch (error) {
    if (!isLoopsError(error, "LOOPS_STATE_CORRUPT")) throw error;
    return { kind: "corrupt", paths, error };
  }
}

/** The run with that id. @throws LoopsError `LOOPS_STATE_CORRUPT` where that is the one that cannot be read */
export function findRunById(context: StoreContext, runId: string): Extract<StemContent, { kind: "run" }> | null {
  const stem = context.seen.get(runId);
  const seen = stem === undefined ? null : readStem(context, stem);
  if (seen?.kind === "run" && seen.run.state.run_id === runId) return seen;
  context.seen.delete(runId);
  for (const content of readRunning(context)) {
    if (content.kind === "run" && content.run.state.run_id === runId) return content;
    if (content.kind === "corrupt" && runIdOfCorrupt(context, content.paths) === runId) throw content.error;
  }
  return null;
}

/** The run of that loop with that id, looked for where it is likely to lie first; `null` if there is none. */
export function findRun(context: StoreContext, loop: string, runId: string): { readonly paths: RunPaths } | null {
  const isIt = (content: StemContent | null): content is Extract<StemContent, { kind: "run" }> =>
    content?.kind === "run" && content.run.state.loop_name === loop && content.run.state.run_id === runId;
  for (const stem of [ownStemOf(loop, runId), loop]) {
    const content = readStem(context, stem);
    if (isIt(content)) return content;
  }
  for (const content of readRunning(context)) if (isIt(content)) return content;
  return null;
}

/** A run as it is handed out: with its large texts, and with the time of its view. */
export function publicState(context: StoreContext, { paths, run }: { paths: RunPaths; run: LoadedRun }): RunState {
  return { ...resolveBlobs(context.fs, paths.blobs, run.state), updated_at: run.updatedAt };
}

function stemsIn(names: readonly string[]): readonly string[] {
  const stems = names.flatMap((name) => /^([^.].*)\.(?:state\.json|events\.jsonl)$/s.exec(name)?.[1] ?? []);
  return [...new Set(stems)];
}

/** Whose files they are, as far as either of them still tells. */
export function runIdOfCorrupt({ fs }: StoreContext, paths: RunPaths): string | null {
  return readable(() => idInView(fs, paths.state)) ?? readable(() => idInJournal(fs, paths.journal));
}

function idInView(fs: StoreContext["fs"], path: string): string | null {
  const bytes = readIfExists(fs, path);
  return bytes === null ? null : decodeView(bytes, path).state.run_id;
}

function idInJournal(fs: StoreContext["fs"], path: string): string | null {
  for (const { value } of readRecords(fs, path)) {
    const { run_id = value["run_id"] } = (value["commit"] as CommitMark | null | undefined)?.set ?? {};
    if (typeof run_id === "string") return run_id;
  }
  return null;
}

/** `null` where there is nothing that can be read: it is corrupt, and asked only what is left of it. */
function readable(read: () => string | null): string | null {
  try {
    return read();
  } catch (error) {
    if (isLoopsError(error, "LOOPS_STATE_CORRUPT")) return null;
    throw error;
  }
}
