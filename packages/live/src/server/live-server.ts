import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createReporter, type Deadline, LoopsError, startDeadline } from "@loops/core";
import { socketTransport } from "@loops/socket";
import { answer } from "./answer.js";
import { historyHandler } from "./history.js";
import { readPageFiles } from "./page-files.js";
import { type LiveServerOptions, resolveServerOptions } from "./server-options.js";

export interface LiveServer {
  /** What a person opens; the token is behind the `#`, which no browser sends anywhere. */
  readonly url: string;
  readonly address: AddressInfo;
  /** `undefined` where none is asked for. */
  readonly token: string | undefined;
  /** Ends every connection; pages try to come back. Resolves once the port is free, or the deadline is over. Idempotent. */
  close(deadline?: Deadline): Promise<void>;
}

/** A page that asks slowly is a page that does nothing: there are no uploads here. */
const requestTimeoutMs = 10_000;
/** How often it is looked for such. */
const lookMs = 5_000;
const closeMs = 2_000;
/** Tabs that are open at once. */
const maxClients = 64;

/**
 * Serves the live page, the history of a log, and its events as they come.
 *
 * @throws LoopsError `LOOPS_CONFIG`; `LOOPS_LIVE_LISTEN` where it cannot listen there, with the system's error as `cause`
 */
export async function liveServer(options: LiveServerOptions): Promise<LiveServer> {
  const { log, snapshot, host, port, token, hosts, pageDirectory, onError } = resolveServerOptions(options);
  const files = readPageFiles(pageDirectory ?? fileURLToPath(new URL("./page/", import.meta.url)));
  const report = createReporter("live", onError);
  const site = { files, history: historyHandler(log), hosts, token };
  const limits = { requestTimeout: requestTimeoutMs, connectionsCheckingInterval: lookMs, maxHeaderSize: 16_384 };
  const server = createServer(limits, (request, response) => {
    answer(site, request, response).catch((error) => {
      report(error);
      response.destroy();
    });
  });
  const address = await listen(server, port, host, report);
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  const events = attached(server, () => {
    const websocket = { server, path: "/events", ...(token === undefined ? {} : { token }), hosts };
    return socketTransport({ websocket, log, snapshot, maxClients, onError });
  });

  let closing: Promise<void> | undefined;
  const close = async (deadline?: Deadline) => {
    const due = startDeadline(deadline, closeMs);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    await events.close(due.remaining());
    // Whoever still reads a page of the history has had the time of the events' last words.
    server.closeAllConnections();
    await due.wait(closed, 100);
    report.end();
  };
  return {
    url: `http://${name}:${address.port}/${token === undefined ? "" : `#token=${token}`}`,
    address,
    token,
    close(deadline) {
      closing ??= close(deadline);
      return closing;
    },
  };
}

function listen(server: Server, port: number, host: string, report: (error: unknown) => void): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const { code = "", message: told } = cause;
      const why = code === "EADDRINUSE" ? "that port is taken" : told;
      const wayOut = /^(EADDRNOTAVAIL|ENOTFOUND|EAI_AGAIN|EINVAL)$/.test(code)
        ? "host must be an address of this machine"
        : "choose another port, 0 is any that is free";
      const message = `[live] cannot listen on ${host}, port ${port}: ${why}; ${wayOut}`;
      reject(new LoopsError("LOOPS_LIVE_LISTEN", message, { cause }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners("error");
      server.on("error", report);
      resolve(server.address() as AddressInfo);
    });
  });
}

/** What it refuses leaves no server behind. */
function attached<T>(server: Server, attach: () => T): T {
  try {
    return attach();
  } catch (error) {
    server.close();
    throw error;
  }
}
