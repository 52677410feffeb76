import type { SinkReport } from "@loops/core";
import type { RunResult } from "@loops/fsm";
import type { Verdict } from "./evidence.js";
import { colors } from "./terminal.js";
import { places } from "./wiring.js";

export interface Findings {
  readonly folder: string;
  readonly result: RunResult;
  readonly sinks: readonly SinkReport[];
  readonly verdict: Verdict;
}

/** Prints what was found. 0 only if every promise held. */
export function report({ folder, result, sinks, verdict }: Findings): number {
  const { missing, doubled, repeated, inDoubt, actions } = verdict;
  const checks: readonly (readonly [boolean, string])[] = [
    [
      result.final_state === "done",
      `the loop ended in "${result.final_state}": the type checker has nothing left to say`,
    ],
    [
      missing.length === 0,
      `every committed event is in the file (${missing.length} missing, ${doubled} there twice, told apart by id)`,
    ],
    [
      repeated.length === 0,
      `no action with a recorded result ran again (${actions} actions; ${repeated.join(", ") || "none repeated"})`,
    ],
    [inDoubt === 1, `the one action that was cut off was reported and run again (${inDoubt} in doubt)`],
    [sinks.every(isComplete), "no sink dropped anything"],
  ];

  printSinks(sinks);
  console.log(colors.bold("\nPromises"));
  for (const [holds, text] of checks) console.log(`  ${holds ? colors.green("ok ") : colors.red("NO ")} ${text}`);
  printFiles(folder, result);
  return checks.every(([holds]) => holds) ? 0 : 1;
}

/** What each sink of this process did with what it was given. */
function printSinks(sinks: readonly SinkReport[]): void {
  console.log(colors.bold("\nSinks of the last process"));
  for (const { name, received, delivered, dropped } of sinks) {
    const lost = Object.entries(dropped).map(([reason, count]) => `, ${count} dropped (${reason})`);
    console.log(`  ${name.padEnd(12)} ${received} received, ${delivered} delivered${lost.join("")}`);
  }
}

export function printFiles(folder: string, { loop, run_id }: Pick<RunResult, "loop" | "run_id">): void {
  const { loops, events } = places(folder);
  console.log(colors.bold("\nFiles"));
  console.log(`  events       ${events}`);
  console.log(`  journal      ${loops}/.running/${loop}.events.jsonl`);
  console.log(`  state        ${loops}/.running/${loop}.state.json`);
  console.log(colors.dim(`  run          ${run_id}`));
}

function isComplete({ ok, dropped }: SinkReport): boolean {
  return ok && Object.keys(dropped).length === 0;
}
