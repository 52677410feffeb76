import type { StateDefinition } from "./types.js";

/** How a state's action is run: what `action_type` says, where `slash_command` is a prompt, or by how the action begins. */
export function actionTypeOf({ action, action_type: type }: Pick<StateDefinition, "action" | "action_type">): string {
  if (type === "slash_command") return "prompt";
  return type ?? (action?.startsWith("/") ? "prompt" : "shell");
}
