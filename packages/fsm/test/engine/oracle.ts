import type { LoopDefinition, StateDefinition } from "../../src/definition/types.js";
import { actionAt, type Script } from "./machines.js";

/** The pid of every successor. */
export const successorPid = 99;

/** The rules of a loop once more, as one plain loop over variables: what happens, as lines of text. */
export function oracle(loop: LoopDefinition, script: Script): string[] {
  const log: string[] = ["start"];
  const counts: Record<string, number> = {};
  const taken: Record<string, number> = {};
  let current = loop.initial;
  let previous: string | null = null;
  let iteration = 0;
  let stopped = false;
  for (;;) {
    const complete = (why: string) => [...log, `complete ${why} ${current} ${iteration}`];
    const config: StateDefinition = loop.states[current] ?? {};
    if (config.terminal && !loop.maintain) return complete("terminal");
    if (stopped) return complete("signal");
    if (iteration >= loop.max_iterations) return complete("max_iterations");

    if (previous === current) counts[current] = (counts[current] ?? 0) + 1;
    else if (previous !== null) delete counts[previous];
    if (config.terminal) {
      const to = staying(config.on_maintain ?? loop.initial, current);
      if (loop.states[to]?.terminal) return complete("error");
      log.push(`route ${current} ${to} maintain`);
      previous = current;
      current = to;
      continue;
    }
    const retries = counts[current] ?? 0;
    if (config.max_retries !== undefined && retries > config.max_retries) {
      const to = staying(config.on_retry_exhausted ?? "", current);
      log.push(`exhausted ${current} ${retries} ${to}`);
      delete counts[current];
      previous = current;
      current = to;
      continue;
    }

    iteration += 1;
    log.push(`enter ${current} ${iteration}`);
    const { code, said } = config.action === undefined ? { code: 0, said: "" } : actionAt(script, iteration);
    if (config.action !== undefined) log.push(`act ${code}`);
    const [lines, way] = wayOut(config, code);
    log.push(...lines);
    if (said.startsWith("FATAL_ERROR")) return complete("error");
    if (said.startsWith("CONTEXT_HANDOFF")) {
      log.push(`handoff ${current} ${iteration} ${said.slice(said.indexOf(" ") + 1)}`);
      if (loop.on_handoff === "spawn") log.push(`spawned ${successorPid} ${current}`);
      return complete("handoff");
    }
    stopped = said.startsWith("LOOP_STOP");
    if (way === "killed") return complete("signal");
    if (way === undefined) return complete(stopped ? "signal" : "error");
    const to = staying(way, current);
    log.push(`route ${current} ${to}`);
    const edge = `${current}->${to}`;
    const count = (taken[edge] ?? 0) + 1;
    taken[edge] = count;
    if (loop.max_edge_revisits !== undefined && count > loop.max_edge_revisits) {
      log.push(`cycle ${edge} ${count} ${loop.max_edge_revisits}`);
      return complete("cycle_detected");
    }
    if (loop.backoff && !stopped) log.push(`wait ${loop.backoff * 1000}`);
    previous = current;
    current = to;
  }
}

function staying(target: string, current: string): string {
  return target === "$current" ? current : target;
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
