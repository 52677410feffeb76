import type { Socket } from "node:net";
import type { ClosingReason } from "./frames.js";
import type { Encoding } from "./part.js";

/** One connection, whichever face it came through. Whole frames may be written to `socket` at any time. */
export interface Channel {
  readonly socket: Socket;
  readonly encoding: Encoding;
  /** For messages: `client 3 (unix)`. */
  readonly face: "unix" | "websocket";
  /** Asks for a sign of life, where the face can. */
  ping?(): void;
  /** Reads nothing more of what the client sends. */
  stopReading(): void;
  /** Ends it in order, after what was written. */
  end(reason: ClosingReason): void;
  /** Ends it at once. */
  destroy(): void;
}
