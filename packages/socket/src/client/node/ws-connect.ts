import { WebSocket } from "ws";
import type { Connect, ConnectionEnd } from "../connection.js";
import { requestAddress } from "../web-socket-address.js";

/** Closed because of what the client is or asks (RFC 6455, 7.4.1). */
const policyViolation = 1008;

/** Answers to the upgrade that another attempt would get again. */
const hopeless = new Set([400, 401, 403, 404]);

/** Connects by the WebSocket of `ws`: it can be paused, sends the token as a header, and tells why it was refused. */
export function wsConnect(url: string, token: string | undefined): Connect {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return (request, events) => {
    const { href, message } = requestAddress(url, request);
    const socket = new WebSocket(href, ["loops"], { headers, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
    let ended = false;
    const end = (how: ConnectionEnd) => {
      if (ended) return;
      ended = true;
      socket.terminate();
      events.end(how);
    };
    socket.on("open", () => {
      if (message !== undefined) socket.send(message);
    });
    socket.on("message", (data, isBinary) => {
      if (!ended && !isBinary) events.message(String(data));
    });
    socket.on("unexpected-response", (_request, { statusCode = 0, statusMessage = "" }) => {
      end({ reason: `answered ${statusCode} ${statusMessage}`.trimEnd(), fatal: hopeless.has(statusCode) });
    });
    socket.on("error", (cause) => end({ reason: cause.message, cause }));
    socket.on("close", (code, reason) => {
      const why = reason.length === 0 ? `closed with code ${code}` : `${reason} (code ${code})`;
      end({ reason: why, fatal: code === policyViolation });
    });
    return {
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close() {
        ended = true;
        // A socket that is still connecting says so with an error when it is ended.
        socket.terminate();
      },
    };
  };
}
