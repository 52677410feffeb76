import type { RawEntry, TextEntry } from "./entry.js";
import type { OwnClient } from "./redis-client.js";

/** A command's error or its answer. */
type Answer = [error: Error | null, reply: unknown];

/**
 * Entries that were read as texts, which costs less than bytes; those are read again, as bytes, that may not have been
 * UTF-8. What is trimmed meanwhile stays as it was read.
 *
 * @param exchange runs a pipeline
 */
export async function inBytesWhereDoubtful(
  exchange: (work: (client: OwnClient) => Promise<Answer[] | null>) => Promise<readonly Answer[] | null>,
  key: string,
  read: readonly TextEntry[],
): Promise<readonly (RawEntry | TextEntry)[]> {
  const doubtful = read.filter(isDoubtful);
  if (doubtful.length === 0) return read;
  const answers = await exchange((client) => {
    const pipeline = client.pipeline();
    for (const [id] of doubtful) pipeline.xrangeBuffer(key, id, id);
    return pipeline.exec();
  });
  const found = new Map(
    doubtful.map((entry, index) => [entry, (answers?.[index]?.[1] as RawEntry[] | undefined)?.[0]]),
  );
  return read.map((entry) => found.get(entry) ?? entry);
}

/** Whether a replacement character is in there: put there by an event, or for a byte that is no UTF-8. */
function isDoubtful([, fields]: TextEntry): boolean {
  return fields.some((field) => field.includes("\ufffd"));
}
