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
  const { repeated, inDoubt, actions } = verdict;
  const checks: readonly (readonly [boolean, string])[] = [
    [
      result.final_state === "done",
      `the loop ended in "${result.final_state}": the type checker has nothing left to say`,
    ],
    [
      verdict.sinks.every(({ missing }) => missing === 0),
      `every committed event is on the other side of every sink (${verdict.committed} events, told apart by id)`,
    ],
    [
      repeated.length === 0,
      `no action with a recorded result ran again (${actions} actions; ${repeated.join(", ") || "none repeated"})`,
    ],
    [inDoubt === 1, `the one action that was cut off was reported and run again (${inDoubt} in doubt)`],
    [sinks.every(isComplete), "no sink dropped anything"],
  ];

  printSinks(sinks, verdict);
  console.log(colors.bold("\nPromises"));
  for (const [holds, text] of checks) console.log(`  ${holds ? colors.green("ok ") : colors.red("NO ")} ${text}`);
  printFiles(folder, result);
  return checks.every(([holds]) => holds) ? 0 : 1;
}

/** What each sink of the last process did with what it was given, and what both processes left on its other side. */
function printSinks(sinks: readonly SinkReport[], verdict: Verdict): void {
  console.log(colors.bold(`\nSinks: ${verdict.committed} events were committed, by two processes`));
  console.log(colors.dim(`  ${row("", "given", "delivered", "dropped", "read back", "twice")}`));
  for (const { name, received, delivered, dropped } of sinks) {
    const lost = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`);
    const other = verdict.sinks.find(({ sink }) => sink === name);
    const back = other === undefined ? ["", ""] : [`${other.found} of ${verdict.committed}`, String(other.doubled)];
    console.log(`  ${row(name, String(received), String(delivered), lost.join(", ") || "0", ...back)}`);
  }
  console.log(
    colors.dim("  given, delivered, dropped: of the last process; twice: sent again, since nobody could know"),
  );
  for (const [sink, how] of Object.entries(notThere)) {
    if (!sinks.some(({ name }) => name === sink)) console.log(colors.dim(`  ${sink} was left out: ${how}`));
  }
}

const notThere = {
  "redis-stream": "there is no redis-server here, and REDIS_URL names none",
  otel: "no collector listens on 127.0.0.1:4318, and OTEL_EXPORTER_OTLP_ENDPOINT names none",
};

function row(name: string, ...cells: readonly string[]): string {
  return [name.padEnd(13), ...cells.map((cell) => cell.padStart(11))].join("").trimEnd();
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
