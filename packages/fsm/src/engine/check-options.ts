import { LoopsError } from "@loops/core";
import type { EngineOptions, ResumeLoopOptions } from "./options.js";

type Shape = Readonly<Record<string, unknown>>;

/** Catches the slips that the types of a TypeScript caller would. @throws LoopsError `LOOPS_CONFIG` */
export function checkOptions(call: string, options: EngineOptions): void {
  if (!isObject(options)) throw wrong(`${call}({ ... }) takes an object of options`);
  const {
    store,
    bus,
    runner,
    runners,
    evaluators,
    handoffCommand,
    signal,
    forceSignal,
    resolveLoop,
    newRunId,
    actionEnv,
    annotateRun,
    maxDepth,
  } = options;
  if (store !== undefined && !hasFunctions(store, "create", "acquire")) {
    throw wrong("store must be a StateStore, such as fileStore({ dir })");
  }
  if (bus !== undefined && !hasFunctions(bus, "emit"))
    throw wrong("bus must have a function emit, as createBus() does");
  for (const [name, value] of [["runner", runner] as const, ...named("runners", runners)]) {
    if (value !== undefined && !hasFunctions(value, "prepare", "endOrphan")) {
      throw wrong(`${name} must be an ActionRunner, such as shellRunner()`);
    }
  }
  for (const [name, value] of named("evaluators", evaluators)) {
    if (typeof value !== "function") throw wrong(`${name} must be a function`);
  }
  for (const [name, value] of Object.entries({ resolveLoop, newRunId, actionEnv, annotateRun })) {
    if (value !== undefined && typeof value !== "function") throw wrong(`${name} must be a function`);
  }
  if (maxDepth !== undefined && !(Number.isInteger(maxDepth) && Number(maxDepth) >= 0)) {
    throw wrong(`maxDepth must be a whole number, 0 or more, not ${String(maxDepth)}`);
  }
  if (handoffCommand !== undefined && typeof handoffCommand !== "string") throw wrong("handoffCommand must be text");
  for (const [name, value] of Object.entries({ signal, forceSignal })) {
    if (value !== undefined && !hasFunctions(value, "addEventListener")) {
      throw wrong(`${name} must be an AbortSignal: that of an AbortController is controller.signal`);
    }
  }
}

/** @throws LoopsError `LOOPS_CONFIG` */
export function checkDoubtOptions({ inDoubt, onInDoubt }: ResumeLoopOptions): void {
  if (inDoubt !== undefined && !["rerun", "fail", "ask"].includes(inDoubt)) {
    throw wrong(`inDoubt is ${JSON.stringify(inDoubt)}: give "rerun", "fail" or "ask"`);
  }
  if (onInDoubt !== undefined && typeof onInDoubt !== "function") throw wrong("onInDoubt must be a function");
}

/** @throws LoopsError `LOOPS_CONFIG` */
export function checkDefinition(definition: unknown): void {
  if (isObject(definition) && isObject(definition["definition"])) {
    throw wrong("definition is what loadLoop returned: take its property `definition`");
  }
  if (!isObject(definition) || !isObject(definition["states"]) || typeof definition["name"] !== "string") {
    throw wrong("definition must be a loop: (await loadLoop(path)).definition, or defineLoop({ ... })");
  }
}

function named(option: string, entries: unknown): (readonly [string, unknown])[] {
  return Object.entries(entries ?? {}).map(([name, value]) => [`${option}.${name}`, value]);
}

function wrong(what: string): LoopsError {
  return new LoopsError("LOOPS_CONFIG", `[engine] ${what}`);
}

function isObject(value: unknown): value is Shape {
  return typeof value === "object" && value !== null;
}

function hasFunctions(value: unknown, ...names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof value[name] === "function");
}
