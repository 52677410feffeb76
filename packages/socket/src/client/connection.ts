import type { Cursor } from "@loops/core";

/** What a client asks for when it has connected. */
export interface SocketRequest {
  readonly since: Cursor | undefined;
  readonly filter: string | readonly string[] | undefined;
  readonly snapshot: boolean;
}

/** How a connection ended: `fatal` where another attempt would end the same way. */
export interface ConnectionEnd {
  readonly reason: string;
  readonly fatal?: boolean | undefined;
  readonly cause?: unknown;
}

export interface ConnectionEvents {
  /** One JSON object of the server. */
  message(text: string): void;
  /** Called once; nothing comes after it. */
  end(end: ConnectionEnd): void;
}

/** One attempt at a server, from its start to its end. */
export interface Connection {
  /** Stops reading where that can be done, so that the server notices; where it cannot, it is not there. */
  pause?(): void;
  resume?(): void;
  /** Ends it without a word; `end` is not called for that. Idempotent. */
  close(): void;
}

/** How to reach a server: makes the connection and sends the request. Never throws; a failure is an end. */
export type Connect = (request: SocketRequest, events: ConnectionEvents) => Connection;

/** The request as it is written on the wire. */
export function requestText({ since, filter, snapshot }: SocketRequest): string {
  return JSON.stringify({
    request: { ...(since !== undefined && { since }), ...(filter !== undefined && { filter }), snapshot },
  });
}
