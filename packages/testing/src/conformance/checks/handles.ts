import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describeOutcome } from "../../wait.js";
import type { Check } from "../check.js";
import { demand } from "../harness.js";

export const handleChecks: readonly Check[] = [
  {
    id: "no-open-handles",
    title: "a process that has closed its transport ends by itself",
    needs: ["script"],
    mend: "Release every timer, socket, descriptor, worker and listener in close; unref timers that only help.",
    async run(harness) {
      const { script = "" } = harness.capabilities;
      const path = script instanceof URL ? fileURLToPath(script) : script;
      const child = spawn(process.execPath, [path], { stdio: ["ignore", "ignore", "pipe"] });
      const stderr = collectHead(child);
      try {
        const outcome = await harness.outcome(() => exitOf(child));
        const expected = `${path} ends by itself within ${harness.patienceMs} ms, with exit code 0`;
        demand(outcome.state !== "pending", expected, () => `it still runs: something keeps it alive. ${stderr()}`);
        demand(outcome.state === "resolved", expected, () => describeOutcome(outcome));
        demand(outcome.value === "0", expected, () => `it ended with ${outcome.value}. ${stderr()}`);
      } finally {
        if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      }
    },
  },
];

/** The exit code, or the signal that ended it. */
function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(String(code ?? signal)));
  });
}

/** The beginning of what the child says on stderr: there an error is named. */
function collectHead(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text = (text + chunk).slice(0, 1000);
  });
  return () => (text === "" ? "It says nothing on stderr." : `It says: ${text.trim()}`);
}
