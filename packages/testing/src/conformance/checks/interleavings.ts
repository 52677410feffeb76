import { accountingFlaw, droppedBy, heldBy } from "../../accounting.js";
import type { Check } from "../check.js";
import { describeDisorder, disorderAt, type Harness, missingOf } from "../harness.js";
import { demand } from "../violation.js";

const STEPS = 300;
const MOST_EVENTS = 900;

/** One defect, one message: that of the check that comes to it by fewer steps. In the order in which they are asked. */
const simpler = [
  "accounting",
  "delivered-is-true",
  "order",
  "recovery",
  "stall-recovery",
  "item-bound",
  "byte-bound",
  "close-deadline",
];

/** What the single checks do one by one, mixed. */
export const interleavingChecks: readonly Check[] = [
  {
    id: "interleavings",
    title: "emits, flushes, faults and a close in a random mix: order is kept, and nothing is lost without a count",
    needs: [],
    mend: "Repeat it with the seed, and look at what the last steps do to one event: it has to be in one place at a time.",
    async run(harness) {
      const steps: string[] = [];
      const flushes = new Set<Promise<unknown>>();
      const ends = performance.now() + harness.patienceMs / 3;
      for (let i = 0; i < STEPS && performance.now() < ends; i++) {
        steps.push(await step(harness, flushes));
        const story = storyOf(steps);
        requireAccounts(harness, story);
        if (i % 10 === 9) await requireTruth(harness, story);
      }
      await finish(harness, steps);
      await Promise.all(flushes);
    },
  },
];

/** Does one thing, and says which. */
async function step(harness: Harness, flushes: Set<Promise<unknown>>): Promise<string> {
  const { random } = harness;
  const what = random.pick(["emit", "emit", "emit", "turns", "turns", "flush", "wait", "fault", "fault"]);
  if (what === "emit" && harness.emitted.length < MOST_EVENTS) {
    const count = 1 + random.below(20);
    harness.emit(count, { fill: "x".repeat(random.pick([0, 0, 50, 1000])) });
    return `emit ${count}`;
  }
  if (what === "flush" && flushes.size < 3) {
    const flush: Promise<unknown> = harness.flush(10).finally(() => flushes.delete(flush));
    flushes.add(flush);
    return "begin a flush";
  }
  if (what === "wait") {
    await harness.flush(5);
    return "flush";
  }
  if (what === "fault") {
    const condition = random.pick(harness.conditions);
    await harness.set(condition);
    return condition;
  }
  const turns = 1 + random.below(3);
  await harness.turns(turns);
  return `${turns} turns`;
}

/** Ends it, in one of three ways, and holds what came of it to the accounts. */
async function finish(harness: Harness, steps: string[]): Promise<void> {
  const how = harness.random.pick(["heal", "flush", "close"]);
  if (how !== "close") await harness.set("healthy");
  if (how === "flush") await harness.flush(harness.leftMs / 2);
  await harness.close(how === "close" ? 50 : harness.leftMs);
  steps.push(how === "close" ? "close" : `${how}, close`);
  const story = storyOf(steps);
  requireAccounts(harness, story);
  const stats = harness.stats();
  demand(heldBy(stats) === 0, `a closed sink holds nothing ${story}`, () => `it holds ${heldBy(stats)}`, { simpler });
  await requireTruth(harness, story);
  const ids = harness.emitted.map((event) => event.id);
  const missing = missingOf(ids, await harness.observeCount(stats.delivered));
  const accounted = droppedBy(stats) + stats.spooled;
  const expected = `each event has arrived or is counted as dropped ${story}`;
  const seen = () => `${missing.length} are missing, ${accounted} are counted; ${harness.numbersOf(missing)}`;
  demand(missing.length <= accounted, expected, seen, { simpler });
}

function requireAccounts(harness: Harness, story: string): void {
  const stats = harness.stats();
  const flaw = accountingFlaw(stats);
  demand(flaw === undefined, `the accounts add up ${story}`, () => flaw ?? "", { simpler });
  const { length } = harness.emitted;
  demand(stats.received === length, `received is ${length} ${story}`, `received is ${stats.received}`, { simpler });
}

/** What is counted as delivered has arrived, and in order. */
async function requireTruth(harness: Harness, story: string): Promise<void> {
  const { delivered } = harness.stats();
  const numbers = harness.firstArrivals(await harness.observeCount(delivered));
  const expected = `the ${delivered} events that are counted as delivered have arrived ${story}`;
  const there = `${numbers.length} have`;
  demand(numbers.length >= delivered, expected, there, { simpler });
  const at = disorderAt(numbers);
  demand(at === -1, `order of emission ${story}`, () => describeDisorder(numbers, at), { simpler });
}

/** The last steps, for messages. */
function storyOf(steps: readonly string[]): string {
  return `(step ${steps.length}: …, ${steps.slice(-6).join(", ")})`;
}
