import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { OwnerIdentity } from "@loops/core";
import type { RunState } from "../run-state.js";
import { fillLegacyState, legacyRunId } from "./legacy-state.js";
import type { JournalPosition } from "./recover.js";
import { stateCorrupt } from "./store-errors.js";

/** A view of the journal for people, for other tools, and for a quick resume. */
export interface View {
  /** Large texts still by reference. */
  readonly state: RunState;
  /** `null`: written by the original system, which kept no journal to go on from. */
  readonly position: JournalPosition | null;
  /** It is as it was written, by its checksum. One of the original system has none. */
  readonly intact: boolean;
  readonly flushedSeq: number;
  /** When it was written, ISO 8601 UTC; empty where that was not noted. */
  readonly updatedAt: string;
}

export interface ViewInput {
  readonly state: RunState;
  readonly position: JournalPosition;
  readonly flushedSeq: number;
  /** `null` once the run is given up. */
  readonly owner: OwnerIdentity | null;
  readonly updatedAt: string;
}

/** The view as text: the fields of the original first and in its order, with its rule for what may be left out. */
export function encodeView({ state, position, flushedSeq, owner, updatedAt }: ViewInput): string {
  const {
    loop_name,
    current_state,
    iteration,
    captured,
    prev_result,
    last_result,
    started_at,
    status,
    accumulated_ms,
    continuation_prompt = null,
    retry_counts = {},
    active_sub_loop = null,
    ...added
  } = state;
  const view = {
    loop_name,
    current_state,
    iteration,
    captured,
    prev_result,
    last_result,
    started_at,
    updated_at: updatedAt,
    status,
    accumulated_ms,
    ...(continuation_prompt !== null && { continuation_prompt }),
    ...(Object.keys(retry_counts).length > 0 && { retry_counts }),
    ...(active_sub_loop !== null && { active_sub_loop }),
    ...added,
    seq: position.seq,
    offset: position.offset,
    epoch: position.epoch,
    owner,
    flushed_seq: flushedSeq,
  };
  return `${JSON.stringify({ ...view, checksum: checksumOf(view) }, null, 2)}\n`;
}

/** Of the content, not of the bytes: whoever reformats a view changes nothing. */
function checksumOf(content: object): string {
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16);
}

const requiredFields = {
  loop_name: "string",
  current_state: "string",
  iteration: "number",
  started_at: "string",
  status: "string",
} as const;
const requiredPosition = { seq: "number", offset: "number", epoch: "number" } as const;

/**
 * Reads a view, also one that the original system wrote.
 *
 * @throws LoopsError `LOOPS_STATE_CORRUPT` that names the file and what is missing
 */
export function decodeView(bytes: Buffer, path: string): View {
  const { checksum, ...view } = parseObject(bytes, path);
  const legacy = view["run_id"] === undefined && view["seq"] === undefined;
  const required = legacy ? requiredFields : { run_id: "string", ...requiredFields, ...requiredPosition };
  const missing = Object.entries(required).filter(([name, type]) => typeof view[name] !== type);
  if (missing.length > 0) {
    const names = missing.map(([name, type]) => `"${name}" (${type})`).join(", ");
    throw stateCorrupt(path, `missing or of the wrong type: ${names}`, remedy);
  }
  const { seq, offset, epoch, owner: _owner, flushed_seq, updated_at, ...fields } = view;
  const state = {
    captured: {},
    prev_result: null,
    last_result: null,
    accumulated_ms: 0,
    retry_counts: {},
    ...fields,
  } as unknown as RunState;
  return {
    state: legacy ? fillLegacyState(state, legacyRunId(state.started_at)) : state,
    position: legacy ? null : { seq: seq as number, offset: offset as number, epoch: epoch as number },
    intact: checksum === checksumOf(view),
    flushedSeq: typeof flushed_seq === "number" ? flushed_seq : 0,
    updatedAt: typeof updated_at === "string" ? updated_at : "",
  };
}

const remedy =
  "It was left untouched. Mend it, or remove it: where there is a journal, the state is rebuilt from that.";

function parseObject(bytes: Buffer, path: string): Readonly<Record<string, unknown>> {
  if (!isUtf8(bytes)) throw stateCorrupt(path, "not UTF-8", remedy);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (error) {
    throw stateCorrupt(path, "not JSON", remedy, error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw stateCorrupt(path, "not a JSON object", remedy);
  }
  return value as Readonly<Record<string, unknown>>;
}
