import type { Transport } from "@loops/core";
import type { Terminal } from "./terminal.js";

/**
 * Each event as a line of JSON on standard output, for scripts: what `--json` gives. A reader that is slow gets all of
 * them: what its pipe does not take yet waits in memory, and the process for it. Whoever reads no more misses nothing.
 */
export function eventLines({ out, gone }: Terminal): Transport {
  return {
    name: "stdout",
    send(_event, { line }) {
      // Without a promise, on purpose: what waits for one is bounded by the bus, and dropped beyond that.
      if (!gone.aborted) out.write(line);
    },
    close() {},
  };
}
