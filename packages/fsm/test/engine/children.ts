import type { LoopEvent } from "@loops/core";
import type { LoopDefinition, StateDefinition } from "../../src/definition/types.js";
import type { ResolveLoop } from "../../src/engine/child-definition.js";
import { loopOf } from "./machines.js";

export const done = { terminal: true };

/** A loop whose states come one after the other. */
export function chain(name: string, states: Record<string, StateDefinition>, more: Partial<LoopDefinition> = {}) {
  const names = [...Object.keys(states), "done"];
  const linked = Object.entries(states).map(([state, config], index) => {
    const hasWay = ["next", "route", "on_yes", "on_no"].some((field) => field in config);
    return [state, hasWay ? config : { ...config, next: names[index + 1] ?? "done" }];
  });
  return loopOf({ ...(Object.fromEntries(linked) as Record<string, StateDefinition>), done }, { name, ...more });
}

/** Loops that are there by their name. */
export function library(...loops: readonly LoopDefinition[]): ResolveLoop {
  return (name) => {
    const found = loops.find((loop) => loop.name === name);
    if (found === undefined) throw new Error(`no loop ${name}`);
    return found;
  };
}

/** Three loops, one in the other; each has an action before its child, and one behind it. */
export const inner = chain("inner", { dig: { action: "dig", capture: "found" } });
export const middle = chain("middle", {
  open: { action: "open" },
  inside: { loop: "inner", on_yes: "close", on_no: "close" },
  close: { action: `close \${captured.inside.found.output:default=nothing}`, capture: "closed" },
});
export const outer = chain("outer", {
  begin: { action: "begin" },
  sub: { loop: "middle", on_yes: "finish", on_no: "finish" },
  finish: { action: `finish \${captured.sub.closed.output:default=nothing}` },
});

/** `depth event state`, for what is told in order. */
export function told(events: readonly LoopEvent[]): readonly string[] {
  return events.map((event) => {
    const detail = event["state"] ?? event["action"] ?? event["to"] ?? event["terminated_by"] ?? "";
    return `${event["depth"]} ${event.event}${detail === "" ? "" : ` ${detail}`}`;
  });
}
