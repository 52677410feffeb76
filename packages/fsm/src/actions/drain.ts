import type { Readable } from "node:stream";
import { timerMs } from "@loops/core";

/**
 * Waits until the streams have said everything, at most `timeoutMs`, and gives them up. What a dead process had written
 * is in its pipes and is read within that time; a process in the background that holds them open is not waited for.
 */
export async function drain(streams: readonly Readable[], timeoutMs: number): Promise<void> {
  const open = streams.filter((stream) => !stream.closed);
  await new Promise<void>((resolve) => {
    let left = open.length;
    let turn: NodeJS.Immediate | undefined;
    // One more turn of the event loop reads what came while this process was busy.
    const timer = setTimeout(() => {
      turn = setImmediate(done);
    }, timerMs(timeoutMs));
    function onClose(): void {
      left -= 1;
      if (left === 0) done();
    }
    function done(): void {
      clearTimeout(timer);
      clearImmediate(turn);
      for (const stream of open) stream.off("close", onClose);
      resolve();
    }
    for (const stream of open) stream.once("close", onClose);
    if (left === 0) done();
  });
  for (const stream of streams) stream.destroy();
}
