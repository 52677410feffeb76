import { createHash } from "node:crypto";
import type { ChainableCommander } from "ioredis";
import type { Connection, ExchangeLimits } from "../connection.js";
import { inBytesWhereDoubtful } from "../doubtful-bytes.js";
import type { TextEntry } from "../entry.js";
import { type OwnClient, socketsOf } from "../redis-client.js";
import { type GroupStanding, standingOf } from "./commands.js";
import type { GivenEntry } from "./held.js";
import { lookScript } from "./scripts.js";

/** What to read. */
interface ReadRequest {
  readonly streams: readonly string[];
  /** From each of them. */
  readonly count: number;
  /** How long to wait for entries. 0 does not wait. */
  readonly blockMs: number;
  /** Whether this server has been sent the script that looks: its name is enough then, at half the price. */
  readonly known: boolean;
  /** An entry of each stream that the group was given earlier. */
  readonly places: ReadonlyMap<string, string>;
}

const lookScriptSha = createHash("sha1").update(lookScript).digest("hex");

/** What one read found. */
interface GroupRead {
  readonly entries: readonly GivenEntry[];
  /** Whether there may be more. */
  readonly more: boolean;
  /** Where entries were trimmed before the group was given them. */
  readonly gaps: readonly { readonly stream: string; readonly missed: number | null }[];
  /** The place of the group in each stream whose place was gone, before this read. */
  readonly newPlaces: readonly (readonly [stream: string, id: string])[];
  /** The first thing that went wrong. What was read and seen counts all the same. */
  readonly error: unknown;
}

/** Waits for entries of one or more streams that lie on one node, and looks before and after what was trimmed. */
export async function readGroup(
  connection: Connection,
  { group, consumer }: { readonly group: string; readonly consumer: string },
  { streams, count, blockMs, known, places }: ReadRequest,
  limits: ExchangeLimits,
): Promise<GroupRead> {
  const where = ["STREAMS", ...streams, ...streams.map(() => ">")];
  const script: [string, string] = known ? ["EVALSHA", lookScriptSha] : ["EVAL", lookScript];
  const block = blockMs === 0 ? [] : ["BLOCK", Math.round(blockMs)];
  const placeIn = (stream: string) => places.get(stream) ?? "";
  const answers = await connection.run(
    (client) =>
      together(client, () => [
        ...streams.map((stream) => client.call(...script, 1, stream, group, 1, placeIn(stream))),
        client.call("XREADGROUP", "GROUP", group, consumer, "COUNT", count, ...block, ...where),
        // Without a wait there is no time in which something could be trimmed.
        ...(blockMs === 0 ? [] : streams).map((stream) =>
          client.call("EVALSHA", lookScriptSha, 1, stream, group, 0, placeIn(stream)),
        ),
      ]),
    { ...limits, timeoutMs: limits.timeoutMs + blockMs },
  );
  // One answer never keeps the other from being heard: what was read is in our hands, and what was seen is told once.
  const replies = answers.map((answer) => (answer.status === "fulfilled" ? answer.value : undefined));
  const read = new Map((replies[streams.length] ?? []) as [string, TextEntry[]][]);
  const exchange = (work: (client: OwnClient) => ReturnType<ChainableCommander["exec"]>) =>
    connection.run(work, limits);
  const entries: GivenEntry[] = [];
  const gaps: { stream: string; missed: number | null }[] = [];
  const newPlaces: [string, string][] = [];
  let more = false;
  for (const [index, stream] of streams.entries()) {
    const before = standingOf(replies[index]);
    if (before !== undefined) newPlaces.push([stream, before.lastDeliveredId]);
    if (before !== undefined && before.missed !== 0) gaps.push({ stream, missed: before.missed });
    const some = read.get(stream);
    if (some === undefined) continue;
    more ||= some.length === count;
    if (wentInWait(before, standingOf(replies[streams.length + 1 + index]))) gaps.push({ stream, missed: null });
    for (const [id, fields] of await inBytesWhereDoubtful(exchange, stream, some).catch(() => some)) {
      entries.push({ stream, id: String(id), fields, deliveries: 1 });
    }
  }
  const failure = answers.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
  return { entries, more, gaps, newPlaces, error: failure && connection.asAnswered(failure.reason) };
}

/**
 * Whether entries came and went while a read waited for the first of them, as they do when somebody adds more in one step
 * than is kept. How many, and whether others were given some of them, nobody can know.
 *
 * @param before how the group stood before; nothing if its place was there
 * @param after the same afterwards
 */
function wentInWait(before: GroupStanding | undefined, after: GroupStanding | undefined): boolean {
  if (after === undefined || before === undefined) return after !== undefined;
  // With entries left it did not wait.
  return before.lag === 0 && after.added - after.length > before.added;
}

/**
 * Sends commands in one piece. Not as a pipeline of ioredis: that holds all answers until the next full garbage collection,
 * which makes every small one dear.
 */
function together(client: OwnClient, commands: () => Promise<unknown>[]): Promise<PromiseSettledResult<unknown>[]> {
  const sockets = socketsOf(client);
  for (const socket of sockets) socket.cork();
  const answers = Promise.allSettled(commands());
  for (const socket of sockets) socket.uncork();
  return answers;
}
