import { CONFIRMED } from "../../conformance-child.js";
import { type Outcome, pollUntil } from "../../wait.js";
import type { Check } from "../check.js";
import type { Harness } from "../harness.js";
import { describeEnd, runScript } from "../node-process.js";
import type { ChildScript } from "../options.js";
import { demand, NotTried } from "../violation.js";

const ROUNDS = 3;

export const killChecks: readonly Check[] = [
  {
    id: "durable-kill",
    title: "what a flush has confirmed survives a real SIGKILL",
    needs: ["durable", "killable"],
    mend: "Let flush resolve when the operating system or the server has the events, not when a buffer of the process has them.",
    async run(harness) {
      const { child } = harness.subject;
      if (child === undefined) throw new NotTried("create() returns the declared child", "child is not there");
      const ends = performance.now() + harness.patienceMs / 2;
      for (let round = 0; round < ROUNDS && performance.now() < ends; round++) {
        const confirmed = await killAfter(harness, child, 1 + harness.random.below(200));
        const observed = new Set((await harness.observe(confirmed)).map((event) => event.id));
        const missing = confirmed.filter((id) => !observed.has(id));
        const expected = `all ${confirmed.length} events that a flush had confirmed before the kill are there after it`;
        const place = () => missing.slice(0, 5).map((id) => confirmed.indexOf(id) + 1);
        const seen = () =>
          `${missing.length} are missing, the first of them ${place().join(", ")} in order of emission`;
        demand(missing.length === 0, expected, seen);
      }
      const ids = harness.emit(5);
      await harness.flush();
      const mend = "Look what a killed writer leaves behind, such as half a line or a lock, and mend it when you open.";
      const expected = "5 events that the next process sends to the same target are there, too";
      harness.requireArrived(ids, await harness.observe(ids), expected, { mend });
    },
  },
];

function howItEnded(end: Outcome<string>): string {
  if (end.state === "resolved") return `ended by itself (${describeEnd(end.value)})`;
  return end.state === "rejected" ? `could not be started: ${String(end.error)}` : "was still running";
}

/** Starts the child, kills it when it has confirmed so many events or more; returns the ids that it named. */
async function killAfter(harness: Harness, { script, args }: ChildScript, count: number): Promise<string[]> {
  let output = "";
  const confirmed = () =>
    // The last line may be cut off by the kill.
    output
      .split("\n")
      .slice(0, -1)
      .filter((line) => line.startsWith(CONFIRMED))
      .map((line) => line.slice(CONFIRMED.length));
  let ended = false;
  const child = runScript(script, args, (text) => {
    output += text;
  });
  const end = harness
    .outcome(() => child.ended)
    .finally(() => {
      ended = true;
    });
  try {
    const waitMs = Math.round(harness.leftMs);
    await pollUntil(confirmed, (ids) => ended || ids.length >= count, waitMs);
    const mend =
      "Let the script call conformanceChild(transport) from @loops/testing, and nothing that ends the process.";
    const expected = `${child.path} confirms events until it is killed, ${count} within ${waitMs} ms`;
    const outcome = () => `it confirmed ${confirmed().length}. ${child.said()}`;
    if (ended) demand(false, expected, `it ${howItEnded(await end)}; ${outcome()}`, { mend });
    demand(confirmed().length >= count, expected, outcome, { mend });
  } finally {
    child.kill();
    await end;
  }
  return confirmed();
}
