import type { GroupCommands, GroupStanding } from "./commands.js";
import { isGroupLost } from "./group-error.js";

/** How much a group has still to do. */
export interface GroupLag {
  /** Entries that no consumer has been given yet, `null` where Redis cannot tell (after an `XDEL` in the middle). */
  readonly lag: number | null;
  /** Entries given to a consumer and not acknowledged. */
  readonly pending: number;
  /** The same, stream by stream. */
  readonly streams: readonly {
    readonly stream: string;
    readonly lag: number | null;
    readonly pending: number;
    readonly lastDeliveredId: string;
  }[];
}

/** Asks each stream. A group that is not there has nothing pending, and nobody knows its lag. */
export async function groupLag(commands: GroupCommands, keys: readonly string[]): Promise<GroupLag> {
  const streams = await Promise.all(keys.map(async (stream) => ({ stream, ...(await standing(commands, stream)) })));
  let [lag, pending]: [number | null, number] = [0, 0];
  for (const one of streams) {
    lag = lag === null || one.lag === null ? null : lag + one.lag;
    pending += one.pending;
  }
  return { lag, pending, streams };
}

async function standing(
  commands: GroupCommands,
  stream: string,
): Promise<Pick<GroupStanding, "lag" | "pending" | "lastDeliveredId">> {
  try {
    const { lag, pending, lastDeliveredId } = await commands.look(stream);
    return { lag, pending, lastDeliveredId };
  } catch (error) {
    if (isGroupLost(error)) return { lag: null, pending: 0, lastDeliveredId: "0-0" };
    throw error;
  }
}
