import type { LoopDefinition, StateDefinition } from "../../src/definition/types.js";
import { exitCodeAt } from "./machines.js";

/** The rules of a loop once more, as one plain loop over variables: what happens, as lines of text. */
export function oracle(loop: LoopDefinition, codes: readonly number[]): string[] {
  const log: string[] = ["start"];
  const counts: Record<string, number> = {};
  let current = loop.initial;
  let previous: string | null = null;
  let iteration = 0;
  for (;;) {
    const config: StateDefinition = loop.states[current] ?? {};
    if (config.terminal) return [...log, `complete terminal ${current} ${iteration}`];
    if (iteration >= loop.max_iterations) return [...log, `complete max_iterations ${current} ${iteration}`];

    if (previous === current) counts[current] = (counts[current] ?? 0) + 1;
    else if (previous !== null) delete counts[previous];
    const retries = counts[current] ?? 0;
    if (config.max_retries !== undefined && retries > config.max_retries) {
      const to = config.on_retry_exhausted === "$current" ? current : (config.on_retry_exhausted ?? "");
      log.push(`exhausted ${current} ${retries} ${to}`);
      delete counts[current];
      previous = current;
      current = to;
      continue;
    }

    iteration += 1;
    log.push(`enter ${current} ${iteration}`);
    const code = config.action === undefined ? 0 : exitCodeAt(codes, iteration);
    if (config.action !== undefined) log.push(`act ${code}`);
    const [lines, way] = wayOut(config, code);
    log.push(...lines);
    if (way === "killed") return [...log, `complete signal ${current} ${iteration}`];
    if (way === undefined) return [...log, `complete error ${current} ${iteration}`];
    const to = way === "$current" ? current : way;
    log.push(`route ${current} ${to}`);
    previous = current;
    current = to;
  }
}

function wayOut(config: StateDefinition, code: number): [string[], string | undefined] {
  if (config.next !== undefined) {
    return [[], code < 0 ? (config.on_error ?? "killed") : config.next];
  }
  const judged = config.action !== undefined || config.evaluate !== undefined;
  const verdict = code === 0 ? "yes" : code === 1 ? "no" : "error";
  const lines = judged ? [`evaluate ${config.evaluate?.type ?? "default"} ${verdict}`] : [];
  if (config.route !== undefined) {
    const { route } = config;
    const fallback = verdict === "error" ? (route["_error"] ?? route["_"]) : route["_"];
    return [lines, route[verdict] ?? fallback];
  }
  return [lines, { yes: config.on_yes, no: config.on_no, error: config.on_error }[verdict]];
}
