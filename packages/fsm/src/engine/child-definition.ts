import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { LoopsError } from "@loops/core";
import { loadLoop } from "../definition/load.js";
import type { LoopExtensions } from "../definition/schema.js";
import type { LoopDefinition } from "../definition/types.js";

/** Finds the loop that a state names. What it throws is an error of that state. */
export type ResolveLoop = (
  name: string,
  asked: { readonly from: LoopDefinition },
) => LoopDefinition | Promise<LoopDefinition>;

export interface LoopFilesOptions extends LoopExtensions {
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** Where loops lie that are given by name. */
  readonly loopsDir: string;
}

/**
 * Finds loops in files: a path as it is, else `<loopsDir>/<name>.fsm.yaml`, `.yaml` or `.yml`. Read anew at each visit, so
 * that a loop may be mended while its parent runs.
 */
export function loopFiles({ cwd, loopsDir, ...extensions }: LoopFilesOptions): ResolveLoop {
  return async (name) => {
    const inDir = ["fsm.yaml", "yaml", "yml"].map((ending) => join(loopsDir, `${name}.${ending}`));
    const places = [name, ...inDir].map((place) => resolve(cwd, place));
    const found = places.find((place) => existsSync(place) && statSync(place).isFile());
    if (found !== undefined) return (await loadLoop(found, extensions)).definition;
    const message = `[engine] there is no loop "${name}": looked for ${places.join(", ")}. Name the path of a loop file.`;
    throw new LoopsError("LOOPS_LOOP_NOT_FOUND", message);
  };
}
