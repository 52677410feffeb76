import { type EventLog, type LoopsError, type OnError, warnOnError } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import type { RunFrame } from "../model/frame.js";
import { checkFunction, checkTexts, wrongOption } from "../options.js";
import { isLoopback } from "./allowed-host.js";
import { newToken } from "./token.js";

export interface LiveServerOptions {
  /** What is shown: that of a `liveFeed`, or another one that can be read from a cursor on. Never closed here. */
  readonly log: EventLog;
  /** Where each run stands at the log's head; asked once for each connection. */
  readonly snapshot: () => readonly RunFrame[];
  /** The address to listen on. @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** 0 is any that is free. @default 0 */
  readonly port?: number | undefined;
  /**
   * What a reader must know: letters, digits and `-._~`, at least 16 of them. `false`: everybody who reaches the port may
   * read; refused where that is not this machine alone. @default a new one of 128 random bits
   */
  readonly token?: string | false | undefined;
  /** Names by which the server may be called beside `localhost`, addresses and `host`. @default none */
  readonly hosts?: readonly string[] | undefined;
  /** Where the built page lies. @default the one of this package */
  readonly pageDirectory?: string | undefined;
  /** Told of what goes wrong while serving, at a bounded rate. @default a process warning */
  readonly onError?: OnError | undefined;
}

export interface ResolvedServerOptions {
  readonly log: EventLog;
  readonly snapshot: () => readonly RunFrame[];
  readonly host: string;
  readonly port: number;
  readonly token: string | undefined;
  readonly hosts: readonly string[];
  readonly pageDirectory: string | undefined;
  readonly onError: OnError;
}

const known = ["log", "snapshot", "host", "port", "token", "hosts", "pageDirectory", "onError"];

/** @throws LoopsError `LOOPS_CONFIG` */
export function resolveServerOptions(options: LiveServerOptions): ResolvedServerOptions {
  checkKnownOptions("live", options, known);
  const { log, snapshot, host = "127.0.0.1", port = 0, token = newToken(), hosts = [] } = options;
  const { pageDirectory, onError = warnOnError } = options;
  if (typeof log?.tail !== "function") throw wrong("log must be an event log with tail, such as that of liveFeed()");
  if (typeof snapshot !== "function") throw wrong("snapshot must be a function that returns a frame for each run");
  checkFunction("live", "onError", onError);
  if (typeof host !== "string") throw wrong(`host must be the address to listen on, not ${host}`);
  checkTexts("live", "hosts", hosts);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw wrong(`port must be from 0 to 65535, not ${port}`);
  if (token === false && !isLoopback(host)) {
    throw wrong(
      `without a token only this machine may read, and host is ${host}; leave token out, or listen on 127.0.0.1`,
    );
  }
  if (token !== false && !(typeof token === "string" && /^[\w.~-]{16,}$/.test(token))) {
    throw wrong("token must have at least 16 letters, digits and -._~");
  }
  const names = ["0.0.0.0", "::", ""].includes(host) ? hosts : [...hosts, host];
  return {
    log,
    snapshot,
    host,
    port,
    token: token === false ? undefined : token,
    hosts: names,
    pageDirectory,
    onError,
  };
}

function wrong(message: string): LoopsError {
  return wrongOption("live", message);
}
