import { errorMessage } from "@loops/core";
import type { Connect, ConnectionEnd } from "./connection.js";
import { requestAddress } from "./web-socket-address.js";

/** The part of the standard WebSocket that is used. @see https://websockets.spec.whatwg.org/ */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike;

/** Closed because of what the client is or asks (RFC 6455, 7.4.1): another attempt would be the same. */
const policyViolation = 1008;

/**
 * Connects by the WebSocket of a browser, or one like it. The token goes as a subprotocol, because a browser can send no
 * header of its own, and an address stands in logs.
 */
export function webSocketConnect(url: string, token: string | undefined, WebSocket: WebSocketClass): Connect {
  const protocols = ["loops", ...(token === undefined ? [] : [`loops.token.${token}`])];
  return (request, events) => {
    let ended = false;
    const end = (how: ConnectionEnd) => {
      if (ended) return;
      ended = true;
      events.end(how);
    };
    const { href, message } = requestAddress(url, request);
    let socket: WebSocketLike;
    try {
      socket = new WebSocket(href, protocols);
    } catch (cause) {
      queueMicrotask(() => end({ reason: errorMessage(cause), fatal: true, cause }));
      return {
        close() {
          ended = true;
        },
      };
    }
    socket.onopen = () => {
      if (message !== undefined) socket.send(message);
    };
    socket.onmessage = ({ data }) => {
      if (!ended && typeof data === "string") events.message(data);
    };
    socket.onclose = ({ code, reason }) => {
      const why = reason === "" ? `closed with code ${code}` : `${reason} (code ${code})`;
      end({ reason: why, fatal: code === policyViolation });
    };
    // The close event that follows says as much as there is to say.
    socket.onerror = () => {};
    return {
      close() {
        ended = true;
        socket.close();
      },
    };
  };
}
