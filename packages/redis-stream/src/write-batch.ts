import { DeliveryError } from "@loops/core";
import { deliveryError } from "./failure.js";

/**
 * What is kept of an event until it is written: its JSON. An object only where there is more to it, because many small
 * ones that live for a while are dear.
 */
export type StreamItem =
  | string
  | {
      readonly json: string;
      readonly partition: number;
      /** Is told the id of the entry, or `""` when there will be none. */
      readonly onSettled?: ((id: string) => void) | undefined;
    };

export function jsonOf(item: StreamItem): string {
  return typeof item === "string" ? item : item.json;
}

/** Tells who waits for the id of an entry. */
export function settle(item: StreamItem, id: string): void {
  if (typeof item !== "string") item.onSettled?.(id);
}

/** Adds events, as JSON, to one stream, all or none; their ids. */
export type AppendTo = (key: string, events: readonly string[]) => Promise<readonly string[]>;

/**
 * Writes a batch, each partition by itself and all of them side by side: order is a matter within a partition.
 *
 * @throws DeliveryError about the items of the partitions that failed; the others have arrived
 */
export async function writeBatch(
  batch: readonly StreamItem[],
  keys: readonly string[],
  append: AppendTo,
): Promise<void> {
  const parts = [...indexesByPartition(batch)];
  const failures = await Promise.all(
    parts.map(async ([partition, indexes]) => {
      const key = keys[partition] as string;
      const items = indexes.map((index) => batch[index] as StreamItem);
      try {
        const ids = await append(key, items.map(jsonOf));
        items.forEach((item, index) => void settle(item, ids[index] ?? ""));
        return undefined;
      } catch (error) {
        return { error: deliveryError(error, `${items.length} events for ${key}`), indexes };
      }
    }),
  );
  const failed = failures.filter((failure) => failure !== undefined);
  if (failed.length === 0) return;
  throw summed(failed, parts.length);
}

interface Failure {
  readonly error: DeliveryError;
  readonly indexes: readonly number[];
}

/** One error for all that failed, of the mildest kind: what is worse for one partition shows when that is tried alone. */
function summed(failed: readonly Failure[], parts: number): DeliveryError {
  const [first] = failed;
  const { error } = failed.find(({ error: { kind } }) => kind === "retry") ?? (first as Failure);
  if (failed.length === parts) return error;
  return new DeliveryError(error.message, {
    // What has arrived is settled as delivered before the sink stops.
    kind: error.kind === "disable" ? "retry" : error.kind,
    failedIndexes: failed.flatMap(({ indexes }) => indexes).sort((a, b) => a - b),
    othersDelivered: true,
    cause: error,
  });
}

function indexesByPartition(batch: readonly StreamItem[]): Map<number, number[]> {
  const found = new Map<number, number[]>();
  batch.forEach((item, index) => {
    const partition = typeof item === "string" ? 0 : item.partition;
    const indexes = found.get(partition);
    if (indexes === undefined) found.set(partition, [index]);
    else indexes.push(index);
  });
  return found;
}
