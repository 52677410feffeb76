import { fileStore } from "@loops/fsm";
import { type LiveServer, liveFeed, liveServer, storeSource } from "@loops/live";
import { colors } from "./terminal.js";
import { places } from "./wiring.js";

/** Carries something out with the live page beside it, and goes on serving that until Ctrl-C. The exit code is that of `work`. */
export async function withLivePage(folder: string, work: () => Promise<number>): Promise<number> {
  const feed = liveFeed();
  const runs = storeSource(feed, fileStore({ dir: places(folder).loops }));
  let server: LiveServer | undefined;
  try {
    server = await liveServer({ log: feed.log, snapshot: feed.snapshot });
    console.log(`Live page: ${colors.cyan(server.url)}\n`);
    const code = await work();
    if (code !== 130) {
      console.log(`\nLive page: ${colors.cyan(server.url)}\n${colors.dim("Ctrl-C ends it.")}`);
      await interrupted();
    }
    return code;
  } finally {
    await runs.close();
    await server?.close();
    feed.close();
  }
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
}
