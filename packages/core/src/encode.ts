import { BudgetExceeded, shortMessage, spendOnPlain, toPlain, visitBudget } from "./encode-plain.js";
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

function encode(event: LoopEvent, maxBytes: number): string {
  try {
    const budget = visitBudget(maxBytes);
    const left = spendOnPlain(event, budget);
    if (left < 0) throw new BudgetExceeded();
    const json = JSON.stringify(left >= 0 ? event : toPlain(event, budget));
    // A UTF-16 unit is at most three bytes of UTF-8, so that small events need no counting.
    if (json.length * 3 <= maxBytes) return json;
    const bytes = Buffer.byteLength(json);
    return bytes <= maxBytes ? json : encodeStub(event, maxBytes, { truncated: { bytes, limit: maxBytes } });
  } catch (error) {
    return error instanceof BudgetExceeded
      ? encodeStub(event, maxBytes, { truncated: { bytes: null, limit: maxBytes } })
      : encodeStub(event, maxBytes, { encode_error: shortMessage(error) });
  }
}

function encodeStub(event: LoopEvent, maxBytes: number, reason: object): string {
  const stub: Record<string, unknown> = { event: "", ts: "", id: "" };
  let fields = STUB_FIELDS;
  // A character takes up to six bytes (`\u0000`).
  let chars = maxBytes / 8;
  try {
    for (const key of Object.keys(event)) {
      const field = event[key];
      const value = typeof field === "string" && key in stub ? field.slice(0, STUB_CHARS) : field;
      if (!isShortScalar(value) || key.length > STUB_CHARS) continue;
      const cost = key.length + String(value).length;
      if (!(key in stub) && (fields <= 0 || chars < cost)) continue;
      stub[key] = value;
      fields--;
      chars -= cost;
    }
  } catch (error) {
    stub["encode_error"] = shortMessage(error);
  }
  return JSON.stringify({ ...stub, ...reason });
}

function isShortScalar(value: unknown): boolean {
  if (typeof value === "string") return value.length <= STUB_CHARS;
  return value === null || typeof value === "number" || typeof value === "boolean";
}
