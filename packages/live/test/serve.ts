import type { LoopEvent } from "@loops/core";
import { type LiveFeed, type LiveServer, type LiveServerOptions, liveServer } from "@loops/live";
import { onTestFinished } from "vitest";

let n = 0;

/** An event as a bus would have stamped it now. */
export function stamped(name: string, fields: object = {}): LoopEvent {
  return { event: name, ts: new Date().toISOString(), id: `${name}-${++n}`, ...fields };
}

/** Serves a feed until the test has ended. */
export async function serve(
  { log, snapshot }: LiveFeed,
  options: Partial<LiveServerOptions> = {},
): Promise<LiveServer> {
  const server = await liveServer({ log, snapshot, onError: () => {}, ...options });
  onTestFinished(() => server.close({ timeoutMs: 200 }));
  return server;
}
