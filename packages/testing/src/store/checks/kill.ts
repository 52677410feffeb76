import { describeEnd, runScript } from "../../conformance/node-process.js";
import { demand } from "../../conformance/violation.js";
import { COMMITTED, childLoop } from "../../store-child.js";
import { outcomeOf, pollUntil } from "../../wait.js";
import type { StoreCheck } from "../check.js";
import type { StoreHarness } from "../harness.js";

const ROUNDS = 3;

/** What the child said last before it was killed. */
interface Committed {
  readonly n: number;
  readonly seq: number;
}

export const killChecks: readonly StoreCheck[] = [
  {
    id: "kill",
    title: "what was committed survives a real SIGKILL: state and events together, and the run goes on",
    needs: ["killable"],
    mend: "Let commit return when the operating system or the server has all of it, in one write or one transaction.",
    async run(harness) {
      const { store } = harness;
      for (let round = 1; round <= ROUNDS; round++) {
        const { n, seq } = await killAfter(harness, 1 + harness.random.below(100));
        const found = await store.find(childLoop);
        const at = found?.["iteration"];
        // One commit more may be on record: the process was killed between committing and saying so.
        const kept = at === n || at === n + 1;
        demand(
          kept,
          `commit ${n}, which had returned before the kill, or the one behind it, is on record`,
          () => `${at} is`,
        );
        const output = (found?.["captured"] as { last?: { output?: string } } | undefined)?.last?.output;
        const fits = output?.replace(/^x+/, "") === String(at);
        demand(
          fits,
          "all of the state is that of one commit",
          () => `iteration is ${at}, the capture beside it ${output}`,
        );
        const lease = await harness.acquire(found?.run_id ?? "");
        demand(lease.seq >= seq, `seq is at least ${seq}`, () => `it is ${lease.seq}`);
        const events = await lease.events(0);
        const whole = events.length === lease.seq && events.every((event, index) => event.seq === index + 1);
        demand(whole, `events 1 to ${lease.seq}`, () => `${events.length} events`);
        const last = events.findLast(({ event }) => event.event === "step")?.event["n"];
        demand(
          last === at,
          "the last event is that of the commit that the state is of",
          () => `its n is ${last}, iteration ${at}`,
        );
        await lease.commit([harness.newEvent("loop_resume")], {});
        await lease.release();
      }
    },
  },
];

/** Starts the child, kills it when it has committed so often or more. */
async function killAfter(harness: StoreHarness, commits: number): Promise<Committed> {
  const { script, args } = harness.part("killable") as NonNullable<StoreHarness["subject"]["child"]>;
  let output = "";
  // The last line may be cut off by the kill.
  const lines = () =>
    output
      .split("\n")
      .slice(0, -1)
      .filter((line) => line.startsWith(COMMITTED));
  let how = "It was still running.";
  let ended = false;
  const child = runScript(script, args, (text) => {
    output += text;
  });
  const end = outcomeOf(() => child.ended, harness.patienceMs).then((outcome) => {
    ended = true;
    return outcome;
  });
  try {
    await pollUntil(lines, (said) => ended || said.length >= commits, harness.patienceMs / 2);
    const outcome = ended ? await end : undefined;
    if (outcome?.state === "resolved") how = `It ended by itself (${describeEnd(outcome.value)}).`;
    if (outcome?.state === "rejected") how = `It could not be started: ${String(outcome.error)}.`;
  } finally {
    child.kill();
    await end;
  }
  const mend = "Let the script call storeChild(store) from @loops/testing, and nothing that ends the process.";
  const said = lines();
  demand(
    said.length >= commits,
    `${child.path} commits ${commits} times`,
    () => `${said.length} times. ${how} ${child.said()}`,
    { mend },
  );
  const [n, seq] = (said.at(-1) ?? "").slice(COMMITTED.length).split(" ").map(Number);
  return { n: n ?? 0, seq: seq ?? 0 };
}
