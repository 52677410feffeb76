import { resolve } from "node:path";
import { LoopsError, type OnError } from "@loops/core";
import { unknownOption } from "@loops/core/names";
import type { JsonlFs } from "./file-calls.js";
import type { Fsync } from "./line-file.js";
import { linkTarget } from "./link-target.js";
import { type RotateOptions, type Rotation, resolveRotation } from "./rotate-options.js";

export interface JsonlTransportOptions {
  /** The file. Its directory is made if it is not there. With `rotate`, a link is followed now, once. */
  readonly path: string;
  /** Permissions of a file that is made here. @default 0o600 */
  readonly mode?: number | undefined;
  /** Puts the file aside when it is large or old enough. Then one writer can have it at a time. @default none */
  readonly rotate?: RotateOptions | undefined;
  /**
   * When lines are forced to the disk, so that they survive a loss of power: `"never"`; `"flush"`: by `flush`,
   * `flushSync` and `close`; `"batch"`: with each batch, before it counts as delivered. @default "never"
   */
  readonly fsync?: Fsync | undefined;
  /** Write without holding up the event loop, for disks that can hang; a tight loop then overflows. @default false */
  readonly async?: boolean | undefined;
  /** A batch is written once it has so many bytes. @default 65536 */
  readonly maxBatchBytes?: number | undefined;
  /** An event waits at most so long for its batch to fill. @default 100 */
  readonly flushIntervalMs?: number | undefined;
  /** Events held at most while the disk fails. @default 100000 */
  readonly maxQueueItems?: number | undefined;
  /** Bytes held at most while the disk fails. @default 67108864 */
  readonly maxQueueBytes?: number | undefined;
  /** Which events are dropped, and counted, when the disk fails for so long. @default "drop-newest" */
  readonly overflow?: "drop-newest" | "drop-oldest" | undefined;
  /** Longest pause between two attempts at a failing disk; the first is at most 100 ms. @default 5000 */
  readonly maxRetryMs?: number | undefined;
  /** @default 10000 */
  readonly closeTimeoutMs?: number | undefined;
  /** @default the bus's `onError`; without a bus a process warning */
  readonly onError?: OnError | undefined;
  /** Replaces file system calls, to inject faults. @default node:fs */
  readonly fs?: Partial<JsonlFs> | undefined;
}

export interface ResolvedOptions extends Omit<JsonlTransportOptions, "rotate"> {
  readonly mode: number;
  readonly fsync: Fsync;
  readonly async: boolean;
  readonly overflow: "drop-newest" | "drop-oldest";
  readonly rotation: Rotation | undefined;
}

/** Those that can be configured; a program can give `onError` and `fs` besides. */
export const configurable: readonly string[] = [
  "path",
  "mode",
  "rotate",
  "fsync",
  "async",
  "maxBatchBytes",
  "flushIntervalMs",
  "maxQueueItems",
  "maxQueueBytes",
  "overflow",
  "maxRetryMs",
  "closeTimeoutMs",
];

/** Unknown options get a process warning. @throws LoopsError `LOOPS_CONFIG` */
export function resolveOptions(options: JsonlTransportOptions): ResolvedOptions {
  const { path, mode = 0o600, rotate, fsync = "never", async = false, overflow = "drop-newest" } = options ?? {};
  if (typeof path !== "string" || path === "" || path.includes("\0")) {
    throw wrong("path must name a file", path, ': jsonlTransport({ path: "events.jsonl" })');
  }
  if (overflow !== "drop-newest" && overflow !== "drop-oldest") {
    throw wrong('overflow must be "drop-newest" or "drop-oldest"', overflow);
  }
  if (!Number.isInteger(mode) || mode < 0 || mode > 0o777) throw wrong("mode must be permissions such as 0o600", mode);
  if (fsync !== "never" && fsync !== "flush" && fsync !== "batch") {
    throw wrong('fsync must be "never", "flush" or "batch"', fsync);
  }
  if (typeof async !== "boolean") throw wrong("async must be true or false", async);
  for (const name of ["maxQueueItems", "maxQueueBytes"] as const) {
    if (options[name] === 0) throw wrong(`${name} must be 1 or more: with less every event is dropped`, 0);
  }
  const rotation = resolveRotation(rotate);
  const known = [...configurable, "onError", "fs"];
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) process.emitWarning(unknownOption("jsonl", name, known), { type: "LoopsWarning" });
  }
  // Now: what the working directory is later must not split the file.
  const absolute = resolve(path);
  const file = rotation === undefined ? absolute : linkTarget(absolute);
  return { ...options, path: file, mode, fsync, async, overflow, rotation };
}

function wrong(what: string, given: unknown, example = ""): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[jsonl] ${what}, not ${JSON.stringify(given)}${example}`);
}
