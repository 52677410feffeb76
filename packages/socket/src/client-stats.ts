/** Why the server refused or ended connections, and what clients did not get. */
export interface ClientStats {
  /** Now. */
  readonly connected: number;
  /** Since the start, without those refused. */
  readonly accepted: number;
  /** Turned away at the door: too many, or a WebSocket without the right to connect. */
  readonly refused: number;
  /** Ended by the server, by reason. */
  readonly cutOff: Readonly<Record<CutOffReason, number>>;
  /** Frames that found a client's queue full, or waited in one that `flush` gave up; the client is told how many. */
  readonly droppedFrames: number;
  /** Frames that still waited when their client went, or was cut off. */
  readonly lostFrames: number;
  /** Frames and bytes that wait now, over all clients. */
  readonly queuedFrames: number;
  readonly queuedBytes: number;
}

/**
 * `slow`: took nothing for too long. `protocol`: sent what it may not. `unresponsive`: a WebSocket that answers no ping.
 */
export type CutOffReason = "slow" | "protocol" | "unresponsive";

/** The counts of {@link ClientStats} that only grow. */
export interface ClientCounts {
  accepted: number;
  refused: number;
  cutOff: Record<CutOffReason, number>;
  droppedFrames: number;
  lostFrames: number;
}

export function newClientCounts(): ClientCounts {
  return {
    accepted: 0,
    refused: 0,
    cutOff: { slow: 0, protocol: 0, unresponsive: 0 },
    droppedFrames: 0,
    lostFrames: 0,
  };
}
