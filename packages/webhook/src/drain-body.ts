import { startDeadline } from "@loops/core";

/** An answer that is longer, or takes longer, costs its connection. */
const maxBytes = 65_536;
const maxDrainMs = 500;

/**
 * Reads a response to its end and forgets it, so that the connection can be used again. One that is too long, too slow
 * or broken is cancelled: what it meant has been said by its status. Never rejects.
 *
 * @param maxMs what can be spared for it
 */
export async function drainBody(body: ReadableStream<Uint8Array> | null, maxMs: number): Promise<void> {
  if (body === null) return;
  const reader = body.getReader();
  const toEnd = async () => {
    for (let bytes = 0; bytes <= maxBytes; ) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.length;
    }
    throw new Error("the response is too long");
  };
  try {
    if (await startDeadline(undefined, Math.min(maxDrainMs, maxMs)).wait(toEnd())) return;
  } catch {
    // The status counts, and it is known.
  }
  await reader.cancel().catch(() => {});
}
