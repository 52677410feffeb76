import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { errorMessage, isLoopsError, type OnError, type StateStore } from "@loops/core";
import type { RunState } from "@loops/fsm";
import {
  type LiveServer,
  type LiveServerOptions,
  type LiveSource,
  liveFeed,
  liveServer,
  socketSource,
  storeSource,
} from "@loops/live";
import { badInput } from "../bad-input.js";
import { type ExitCode, exitCode } from "../exit-code.js";
import { obeyInterrupts } from "../interrupts.js";
import { type StoreOptions, withStore } from "../open-store.js";
import { note, say, sayJson, type Terminal } from "../terminal.js";

export interface WatchOptions extends StoreOptions {
  readonly base: string;
  readonly host: string;
  /** Without one, the usual port or any other. */
  readonly port?: number | undefined;
  /** `false` after `--no-token`. */
  readonly token: boolean;
  readonly json?: boolean | undefined;
}

const usualPort = 7070;

/** Shows running and recent loops in a browser, until the person has seen enough. */
export function watch(terminal: Terminal, options: WatchOptions): Promise<ExitCode> {
  return withStore(terminal, options, ({ store }) => showRuns(terminal, store, options));
}

async function showRuns(
  terminal: Terminal,
  store: StateStore<RunState>,
  { dir, base, host, port, token, json }: WatchOptions,
): Promise<ExitCode> {
  const onError: OnError = (error) => note(terminal, `warning: ${errorMessage(error)}`);
  const interrupts = obeyInterrupts(() => {});
  const feed = liveFeed();
  const sources: LiveSource[] = [];
  try {
    const runs = storeSource(feed, store, { loops: await archivedLoops(dir), onError });
    sources.push(runs);
    sources.push(socketSource(feed, base, { before: runs.catchUp, onError }));
    const common = { log: feed.log, snapshot: feed.snapshot, host, onError, ...tokenOf(token) };
    const server = await (port === undefined ? onAnyPort(common) : onPort({ ...common, port }));
    try {
      if (json === true) sayJson(terminal, { url: server.url });
      else say(terminal, `Live page: ${terminal.colors.cyan(server.url)}`);
      await first(interrupts.stop, terminal.gone);
    } finally {
      await server.close();
    }
    // Ctrl-C is how one leaves what would go on: no failure.
    return exitCode.ok;
  } finally {
    await Promise.all(sources.map((source) => source.close()));
    feed.close();
    interrupts.release();
  }
}

/** A token of one's own lets an open page come back after a restart; in the environment nobody else sees it. */
function tokenOf(asked: boolean): Pick<LiveServerOptions, "token"> {
  if (!asked) return { token: false };
  const own = process.env.LOOPS_WATCH_TOKEN;
  return own === undefined || own === "" ? {} : { token: own };
}

/** The usual one, so that the address stays the same; where somebody has it already, another one. */
async function onAnyPort(options: LiveServerOptions): Promise<LiveServer> {
  try {
    return await liveServer({ ...options, port: usualPort });
  } catch (error) {
    if (!isLoopsError(error, "LOOPS_LIVE_LISTEN")) throw error;
    return onPort({ ...options, port: 0 });
  }
}

async function onPort(options: LiveServerOptions): Promise<LiveServer> {
  try {
    return await liveServer(options);
  } catch (error) {
    if (!isLoopsError(error, "LOOPS_LIVE_LISTEN")) throw error;
    throw badInput(errorMessage(error), error);
  }
}

/** Loops whose runs are all archived are found by no other way. */
async function archivedLoops(dir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(join(dir, ".history"), { withFileTypes: true });
    // What begins with a dot is no loop, but an archive that is being made.
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith(".")).map(({ name }) => name);
  } catch {
    // Nothing was archived yet.
    return [];
  }
}

function first(...signals: readonly AbortSignal[]): Promise<void> {
  const any = AbortSignal.any([...signals]);
  return new Promise((resolve) => {
    if (any.aborted) return resolve();
    // Kept alive by the server that is waited with.
    any.addEventListener("abort", () => resolve(), { once: true });
  });
}
