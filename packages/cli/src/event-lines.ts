import type { Transport } from "@loops/core";
import type { Terminal } from "./terminal.js";

/** Each event as a line of JSON on standard output, for scripts: what `--json` gives. */
export function eventLines({ out, gone }: Terminal): Transport {
  return {
    name: "stdout",
    send(_event, { line }) {
      if (gone.aborted) return;
      // A promise only where the pipe is full, so that the bus waits for a slow reader within its bounds.
      if (out.write(line)) return;
      return new Promise((resolve, reject) => {
        const settle = (error?: Error | null) => {
          out.off("drain", settle).off("error", settle).off("close", settle);
          // Whoever reads no more misses nothing.
          if (error && !gone.aborted) reject(error);
          else resolve();
        };
        out.once("drain", settle).once("error", settle).once("close", settle);
        if (out.destroyed) settle();
      });
    },
    close() {},
  };
}
