import { describeOutcome } from "../../wait.js";
import type { Check } from "../check.js";
import { runScript } from "../node-process.js";
import { demand } from "../violation.js";

export const handleChecks: readonly Check[] = [
  {
    id: "no-open-handles",
    title: "a process that has closed its transport ends by itself",
    needs: ["script"],
    mend: "Release every timer, socket, descriptor, worker and listener in close; unref timers that only help.",
    async run(harness) {
      const child = runScript(harness.capabilities.script ?? "");
      try {
        const outcome = await harness.outcome(() => child.ended);
        const expected = `${child.path} ends by itself within ${harness.patienceMs} ms, with exit code 0`;
        const stillRuns = () => `it still runs: something keeps it alive. ${child.said()}`;
        demand(outcome.state !== "pending", expected, stillRuns);
        const mend = "Look at the script itself: run it with node, and see what it says.";
        demand(outcome.state === "resolved", expected, () => describeOutcome(outcome), { mend });
        demand(outcome.value === "0", expected, () => `it ended with ${outcome.value}. ${child.said()}`, { mend });
      } finally {
        child.kill();
      }
    },
  },
];
