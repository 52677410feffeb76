import { createConnection } from "node:net";
import { LineSplitter } from "@loops/core/ndjson";
import { type Connect, type ConnectionEnd, requestText } from "../connection.js";

/** A longer line is no frame of ours. */
const maxLineBytes = 64 * 1024 * 1024;

/** Another attempt would find the same. */
const hopeless = new Set(["EACCES", "EPERM", "ENOTSOCK", "ENAMETOOLONG", "EINVAL"]);

/** Connects to a Unix domain socket, or a named pipe on Windows. */
export function pathConnect(path: string): Connect {
  return (request, events) => {
    const socket = createConnection(path);
    const lines = new LineSplitter({ maxLineBytes });
    let ended = false;
    const end = (how: ConnectionEnd) => {
      if (ended) return;
      ended = true;
      socket.destroy();
      events.end(how);
    };
    socket.on("connect", () => socket.write(`${requestText(request)}\n`));
    socket.on("data", (chunk) => {
      for (const { bytes } of lines.push(chunk)) {
        if (ended) return;
        if (bytes === null) end({ reason: `a line of more than ${maxLineBytes} bytes` });
        else if (bytes.length > 0) events.message(bytes.toString("utf8"));
      }
    });
    socket.on("error", (cause: NodeJS.ErrnoException) => {
      end({ reason: cause.message, fatal: hopeless.has(cause.code ?? ""), cause });
    });
    socket.on("close", () => end({ reason: "the connection was closed" }));
    return {
      pause: () => void socket.pause(),
      resume: () => void socket.resume(),
      close() {
        ended = true;
        socket.destroy();
      },
    };
  };
}
