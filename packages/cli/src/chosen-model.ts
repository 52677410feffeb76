import { defaultLlm, type LoopDefinition, loadLoop, type ResolveLoop } from "@loops/fsm";
import { findLoopFile } from "./find-loop.js";

/** The loop with `--llm-model` in place of its own, for everything that asks a model. */
export function withModel(definition: LoopDefinition, model: string | undefined): LoopDefinition {
  if (model === undefined) return definition;
  return { ...definition, llm: { ...defaultLlm, ...definition.llm, model } };
}

/** Loops in a loop are asked with the same model. `undefined`: those of the engine, as they are. */
export function resolverWithModel(dir: string, model: string | undefined): ResolveLoop | undefined {
  if (model === undefined) return undefined;
  return async (name) => withModel((await loadLoop(findLoopFile(name, dir))).definition, model);
}
