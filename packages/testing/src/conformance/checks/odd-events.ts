import { newEventId } from "@loops/core";
import { droppedBy } from "../../accounting.js";
import type { Check } from "../check.js";
import { type Harness, missingOf } from "../harness.js";
import { demand } from "../violation.js";

/** The limit of a bus for the JSON of an event; above it a sink gets a stub. */
const EVENT_LIMIT_BYTES = 4_194_304;

/** One event that cannot be delivered like the others costs itself at most. */
export const oddEventChecks: readonly Check[] = [
  {
    id: "oversize-event",
    title:
      "an event that is larger than the queue, or than the bus allows, arrives or is counted, and holds up nothing",
    needs: [],
    mend: "Drop an event that no room can be made for, and count it (overflow); never wait for room that cannot come.",
    async run(harness) {
      const { maxQueueBytes = EVENT_LIMIT_BYTES } = harness.capabilities.bounds ?? {};
      for (const bytes of [Math.min(2 * maxQueueBytes, EVENT_LIMIT_BYTES / 2), EVENT_LIMIT_BYTES + 1]) {
        const small = harness.emit(2);
        const large = harness.emit(1, { fill: "x".repeat(bytes) });
        await harness.flush(harness.leftMs / 3);
        // Only now: an event that is larger than the queue may fill it as long as it is there.
        small.push(...harness.emit(2));
        await requireGoesOn(harness, small, large, `an event of ${bytes} bytes`);
      }
    },
  },
  {
    id: "unencodable-event",
    title: "content that JSON does not know blocks nothing: a cycle, a BigInt, a getter that throws",
    needs: [],
    mend: "Use the encoded form that send is given: making it never throws. Do not call JSON.stringify on the event.",
    async run(harness) {
      const usual: string[] = [];
      const odd: string[] = [];
      for (const content of unencodable()) {
        usual.push(...harness.emit(1));
        odd.push(...harness.emit(1, { content }));
      }
      usual.push(...harness.emit(2));
      await harness.flush(harness.leftMs / 3);
      await requireGoesOn(harness, usual, odd, "content that JSON does not know");
    },
  },
  {
    id: "poison-event",
    title: "an event that the target refuses for good is counted as dropped, and costs no other event",
    needs: ["poison"],
    mend:
      'Tell "never" from "not now": throw a DeliveryError of kind "refused" whose failedIndexes name the event; ' +
      'where the target names none, one of kind "too-large", which splits the batch until the event is alone.',
    async run(harness) {
      const id = newEventId();
      await harness.order("poison", id);
      // In one burst: they are in one batch, where there are batches.
      const before = harness.emit(3);
      const refused = harness.emit(1, { id });
      const others = [...before, ...harness.emit(3)];
      await harness.flush(harness.leftMs / 3);
      others.push(...harness.emit(3));
      const observed = await requireGoesOn(harness, others, refused, "an event that the target refuses");
      demand(!observed.has(id), "faults.poison(id) makes the target refuse the event of this id", "it has arrived", {
        mend: "Look at the fault: it has to make the target refuse every attempt that holds an event of this id.",
      });
    },
  },
];

/** Requires that all of `usual` arrive, and of `odd` those that are not counted as dropped. Returns what arrived. */
async function requireGoesOn(
  harness: Harness,
  usual: readonly string[],
  odd: readonly string[],
  what: string,
): Promise<ReadonlySet<string>> {
  await harness.flush(harness.leftMs / 2);
  const observed = await harness.observeEventually(usual);
  harness.requireArrived(usual, observed, `${what} costs no other event`);
  const missing = missingOf(odd, observed).length - harness.stats().spooled;
  const dropped = droppedBy(harness.stats());
  demand(dropped >= missing, `what did not arrive of it, ${missing}, is counted as dropped`, `${dropped} are`, {
    mend: "Count each event that you give up, with a reason: what is neither delivered nor dropped nobody can miss.",
  });
  return new Set(observed.map((event) => event.id));
}

function unencodable(): unknown[] {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const thrower = (): never => {
    throw new Error("not to be read");
  };
  return [
    cycle,
    10n ** 30n,
    Object.defineProperty({}, "getter", { enumerable: true, get: thrower }),
    { toJSON: thrower },
    new Proxy({}, { ownKeys: thrower }),
    new Date(Number.NaN),
    [undefined, Symbol("s"), () => {}, Number.NaN, Number.POSITIVE_INFINITY, -0],
    new Map<unknown, unknown>([[{}, new Set([1n])]]),
    Object.create(null),
    new Error("an error", { cause: cycle }),
  ];
}
