import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { journalRecords } from "./journal-records.js";
import { parseState, stateRecord } from "./state-record.js";

/** Told while reading: a run, or a line or file that is no JSON object. */
export type Found = "loop" | "malformed";

/** Archives lie at most so deep in `.history`: `<loop>/<run_id>/state.json`. */
const maxDepth = 3;

/**
 * The events that a directory of loops knows: those of the journals, and of a run without one an event `backfill` for
 * its state file. Directories and files that are not there, or not any more, have none.
 */
export async function* loopsRecords(
  dir: string,
  found: (what: Found) => void,
): AsyncGenerator<Record<string, unknown>> {
  for (const part of [".running", ".history"]) {
    const files = await filesBelow(join(dir, part), part === ".running" ? 1 : maxDepth);
    const journals = new Set(files.filter((file) => file.endsWith("events.jsonl")));
    for (const journal of journals) {
      const place = placeOf(journal);
      const bad = () => found("malformed");
      try {
        for await (const record of journalRecords(journal, bad)) yield { ...record, ...missing(record, place) };
      } catch (error) {
        noneIfMissing(error);
        continue;
      }
      found("loop");
    }
    for (const file of files.filter((one) => one.endsWith(".json"))) {
      // A view of a journal says nothing that the journal does not.
      if (journals.has(file.replace(/state\.json$/, "events.jsonl"))) continue;
      const text = await readFile(file, "utf8").catch(noneIfMissing);
      if (typeof text !== "string") continue;
      const state = parseState(text);
      found(state === undefined ? "malformed" : "loop");
      if (state !== undefined) yield stateRecord(state, basename(file, ".json"));
    }
  }
}

async function filesBelow(dir: string, depth: number): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(noneIfMissing);
  const files: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(dir, entry.name);
    if (entry.isFile()) files.push(path);
    else if (entry.isDirectory() && depth > 1) files.push(...(await filesBelow(path, depth - 1)));
  }
  return files;
}

/** A loop that ends meanwhile moves its files into the history. */
function noneIfMissing(error: unknown): never[] {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") return [];
  throw error;
}

interface Place {
  readonly loop: string | undefined;
  readonly run_id: string | undefined;
}

/** What the place of a journal says of its events, for those that do not say it: `<loop>/<run_id>/`, `<run_id>-<loop>/`. */
function placeOf(journal: string): Place {
  const name = basename(journal);
  if (name !== "events.jsonl") return { loop: name.replace(/\.events\.jsonl$/, ""), run_id: undefined };
  const folder = basename(dirname(journal));
  const legacy = /^(\d{4}-\d\d-\d\dT\d{6})-(.+)$/.exec(folder);
  if (legacy !== null) return { loop: legacy[2], run_id: legacy[1] };
  return { loop: basename(dirname(dirname(journal))), run_id: folder };
}

function missing(record: Record<string, unknown>, { loop, run_id }: Place): Record<string, unknown> {
  const hasLoop = record["loop"] !== undefined || record["loop_name"] !== undefined;
  return {
    ...(!hasLoop && loop !== undefined && { loop }),
    ...(record["run_id"] === undefined && run_id !== undefined && { run_id }),
  };
}
