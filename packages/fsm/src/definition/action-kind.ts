import type { StateDefinition } from "./types.js";

/** What runs a state's action: its `action_type`, or by its first character. */
export function actionKind({ action, action_type }: Pick<StateDefinition, "action" | "action_type">): string {
  return action_type ?? (action?.startsWith("/") ? "prompt" : "shell");
}

/** Whether it is put to a model, and not to a machine. */
export function isPrompt(kind: string): boolean {
  return kind === "prompt" || kind === "slash_command";
}
