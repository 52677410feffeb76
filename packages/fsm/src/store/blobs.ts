import { createHash } from "node:crypto";
import { join } from "node:path";
import type { StateDelta } from "@loops/core";
import { makeDirectory, replaceFile } from "./atomic-write.js";
import { type BlobRef, isBlobRef, mapTexts } from "./large-texts.js";
import { isFile } from "./read-file.js";
import type { StoreContext } from "./store-context.js";
import { stateCorrupt, writeFailed } from "./store-errors.js";

/** Longer texts (in UTF-16 units) are kept once, beside the journal. */
const maxInlineLength = 8 * 1024;

/** Keeps the large texts of one run, each once, and puts references in their place. */
export class Blobs {
  readonly #context: StoreContext;
  readonly #dir: string;
  /** Of the texts in the state, so that a text that stays is hashed once, not once per commit. */
  #refs = new Map<string, BlobRef>();

  constructor(context: StoreContext, dir: string) {
    this.#context = context;
    this.#dir = dir;
  }

  /** A delta as it is stored. @throws LoopsError `LOOPS_STORE_WRITE` */
  storedDelta(delta: StateDelta): StateDelta {
    const set = delta.set && mapTexts(delta.set, (text) => this.#stored(text));
    const captured = delta.captured && mapTexts({ captured: delta.captured }, (text) => this.#stored(text)).captured;
    if (set === delta.set && captured === delta.captured) return delta;
    return { ...(set && { set }), ...(captured && { captured }) };
  }

  /** The whole state as it is stored. Forgets the texts that are no longer in it. @throws LoopsError `LOOPS_STORE_WRITE` */
  storedState<S extends Readonly<Record<string, unknown>>>(state: S): S {
    const held = new Map<string, BlobRef>();
    const stored = mapTexts(state, (text) => {
      const ref = this.#stored(text);
      if (typeof ref !== "string") held.set(text as string, ref as BlobRef);
      return ref;
    });
    this.#refs = held;
    return stored;
  }

  #stored(text: unknown): unknown {
    if (typeof text !== "string" || text.length <= maxInlineLength) return text;
    const known = this.#refs.get(text);
    if (known !== undefined) return known;
    const bytes = Buffer.from(text);
    // UTF-8 has no lone surrogates: such a text stays in the journal, where JSON escapes them.
    if (bytes.toString() !== text) return text;
    const ref: BlobRef = { $blob: sha256(bytes), bytes: bytes.length };
    this.#write(ref.$blob, bytes);
    this.#refs.set(text, ref);
    return ref;
  }

  #write(name: string, bytes: Buffer): void {
    const path = join(this.#dir, name);
    if (this.#context.fs.existsSync(path)) return;
    try {
      makeDirectory(this.#context, this.#dir);
      replaceFile(this.#context, path, `${path}.${process.pid}.tmp`, bytes);
    } catch (error) {
      throw writeFailed(path, error);
    }
  }
}

/**
 * The state with its large texts in place of their references.
 *
 * @throws LoopsError `LOOPS_STATE_CORRUPT` that names a blob which is missing or altered
 */
export function resolveBlobs<S extends Readonly<Record<string, unknown>>>(
  fs: StoreContext["fs"],
  dir: string,
  state: S,
): S {
  return mapTexts(state, (text) => (isBlobRef(text) ? readBlob(fs, join(dir, text.$blob), text) : text));
}

function readBlob(fs: StoreContext["fs"], path: string, ref: BlobRef): string {
  let bytes: Buffer;
  try {
    if (!isFile(fs, path)) throw new Error("ENOENT: no such file");
    bytes = fs.readFileSync(path);
  } catch (error) {
    throw stateCorrupt(
      path,
      "a large text of the run is missing",
      "Put the file back; the run cannot go on without it.",
      error,
    );
  }
  if (sha256(bytes) !== ref.$blob) {
    throw stateCorrupt(
      path,
      "a large text of the run was altered",
      "Put the original file back; its name is its SHA-256.",
    );
  }
  return bytes.toString();
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
