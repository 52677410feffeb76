import type { Cursor } from "@loops/core";
import { type Frame, parseFrame } from "./frame.js";
import type { SnapshotRun, SocketItem } from "./socket-item.js";

/** What a message leads to, besides items. */
export type Outcome =
  | { readonly kind: "go-on" }
  /** The server has answered: from now on its silence is measured. */
  | { readonly kind: "established"; readonly heartbeatMs: number; readonly replay: boolean }
  /** This connection is over; another one may do better. */
  | { readonly kind: "lost"; readonly reason: string }
  /** Asking again would change nothing. */
  | { readonly kind: "refused"; readonly reason: string };

const goOn: Outcome = { kind: "go-on" };

/** More runs than any program shows: a server that announces them would fill the memory with one item. */
const maxSnapshots = 100_000;

/**
 * One connection's conversation: messages in, items out. Pure but for its own place in it.
 *
 * What a server sends before its hello is for clients that ask for nothing, and is passed over. The snapshot frames that
 * the hello announces become one item.
 */
export class Conversation {
  readonly #attempt: number;
  readonly #wantsSnapshot: boolean;
  #cursor: Cursor | null = null;
  #runs: SnapshotRun[] = [];
  /** Snapshot frames to come; `null` before the hello. */
  #awaited: number | null = null;

  constructor(options: { readonly attempt: number; readonly snapshot: boolean }) {
    this.#attempt = options.attempt;
    this.#wantsSnapshot = options.snapshot;
  }

  get established(): boolean {
    return this.#awaited !== null;
  }

  /** Takes a message, hands over the items that it completes, and says how to go on. */
  take(text: string, yieldItem: (item: SocketItem) => void): Outcome {
    const frame = parseFrame(text);
    if (this.#awaited === null || this.#awaited === 0) return this.#takeFrame(frame, yieldItem);
    if (frame.kind === "event" && frame.event.event === "state_change") {
      this.#runs.push({ ...frame.event });
      if (--this.#awaited === 0) this.#endSnapshot(yieldItem);
      return goOn;
    }
    // Fewer came than were announced: what is missing is told by the gap that follows.
    this.#awaited = 0;
    this.#endSnapshot(yieldItem);
    return this.#takeFrame(frame, yieldItem);
  }

  #takeFrame(frame: Frame, yieldItem: (item: SocketItem) => void): Outcome {
    if (frame.kind === "refused") return { kind: "refused", reason: frame.message };
    if (frame.kind === "closing") return { kind: "lost", reason: `the server closes the connection (${frame.reason})` };
    if (frame.kind === "malformed") return { kind: "lost", reason: "the server does not speak this protocol" };
    if (this.#awaited === null) return frame.kind === "hello" ? this.#begin(frame, yieldItem) : goOn;
    if (frame.kind === "event") yieldItem({ type: "event", event: frame.event, cursor: frame.cursor });
    else if (frame.kind === "gap") yieldItem({ type: "gap", missed: frame.missed, cursor: frame.cursor });
    return goOn;
  }

  #begin(hello: Extract<Frame, { kind: "hello" }>, yieldItem: (item: SocketItem) => void): Outcome {
    const { replay, cursor, snapshots, heartbeatMs } = hello;
    if (snapshots > maxSnapshots) return { kind: "lost", reason: `the server announces ${snapshots} runs at once` };
    this.#awaited = snapshots;
    this.#cursor = cursor;
    yieldItem({ type: "connected", replay, cursor, attempt: this.#attempt });
    if (snapshots === 0 && this.#wantsSnapshot) this.#endSnapshot(yieldItem);
    return { kind: "established", heartbeatMs, replay };
  }

  #endSnapshot(yieldItem: (item: SocketItem) => void): void {
    yieldItem({ type: "snapshot", runs: this.#runs, cursor: this.#cursor });
    this.#runs = [];
  }
}
