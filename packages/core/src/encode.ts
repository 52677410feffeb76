import { shortMessage, spendOnPlain, toPlain, visitBudget } from "./encode-plain.js";
import type { EncodedEvent, LoopEvent } from "./event.js";

/** 4 MiB. */
export const DEFAULT_MAX_EVENT_BYTES = 4_194_304;

const STUB_FIELDS = 32;
const STUB_CHARS = 256;

/**
 * The serialised form of an event. Nothing is serialised before one of `json`, `line` and `bytes` is read, and then
 * once: what happens to the event later changes nothing. Never throws, whatever the event holds: see {@link toPlain}
 * for what values become.
 *
 * An event above the limit becomes a stub: its first 32 numbers, booleans, nulls and strings of at most 256 characters,
 * fewer if the limit is small, and `truncated: { bytes, limit }`, with `bytes` `null` where the event is too large even
 * to be measured. One that cannot be encoded becomes a stub with `encode_error`. A stub always has `event`, `ts`, `id`.
 *
 * @param maxEventBytes limit for the JSON in UTF-8, @default 4 MiB
 */
export function encodeEvent(event: LoopEvent, maxEventBytes: number = DEFAULT_MAX_EVENT_BYTES): EncodedEvent {
  return new LazyEncoding(event, maxEventBytes);
}

class LazyEncoding implements EncodedEvent {
  #event: LoopEvent | undefined;
  readonly #maxBytes: number;
  #json = "";
  #line = "";
  #bytes: Uint8Array | undefined;

  constructor(event: LoopEvent, maxBytes: number) {
    this.#event = event;
    this.#maxBytes = maxBytes;
  }

  get json(): string {
    if (this.#event) {
      this.#json = encode(this.#event, this.#maxBytes);
      // A queue that keeps the encoded form must not keep the caller's objects alive.
      this.#event = undefined;
    }
    return this.#json;
  }

  get line(): string {
    this.#line ||= `${this.json}\n`;
    return this.#line;
  }

  get bytes(): Uint8Array {
    this.#bytes ??= Buffer.from(this.line);
    return this.#bytes;
  }
}

function encode(event: LoopEvent, limit: number): string {
  let reason: object;
  try {
    const budget = visitBudget(limit);
    const left = spendOnPlain(event, budget);
    const json = left < 0 ? "" : (JSON.stringify(left >= 0 ? event : toPlain(event, budget)) ?? "");
    // A UTF-16 unit is at most three bytes of UTF-8, so that small events need no counting.
    const bytes = json.length * 3 <= limit ? json.length : Buffer.byteLength(json);
    if (json && bytes <= limit) return json;
    reason = { truncated: { bytes: bytes || null, limit } };
  } catch (error) {
    reason = { encode_error: shortMessage(error) };
  }
  return JSON.stringify({ ...shortFields(event, limit / 8), ...reason });
}

/** What a stub keeps. A character takes up to six bytes (`\u0000`). */
function shortFields(event: LoopEvent, maxChars: number): object {
  const stub: Record<string, unknown> = { event: "", ts: "", id: "" };
  let fields = STUB_FIELDS;
  let chars = maxChars;
  try {
    for (const key of Object.keys(event)) {
      const isStamp = key in stub;
      const field = event[key];
      const value = isStamp && typeof field === "string" ? field.slice(0, STUB_CHARS) : field;
      if (value !== null && !["string", "number", "boolean"].includes(typeof value)) continue;
      const { length } = String(value);
      if (length > STUB_CHARS || (!isStamp && (fields <= 0 || chars < length + key.length))) continue;
      stub[key] = value;
      fields--;
      chars -= length + key.length;
    }
  } catch (error) {
    stub["encode_error"] = shortMessage(error);
  }
  return stub;
}
