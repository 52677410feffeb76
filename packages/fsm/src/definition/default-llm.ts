import type { LlmDefinition } from "./types.js";

/** How a model is asked by a loop that says nothing of it. */
export const defaultLlm: LlmDefinition = { enabled: true, model: "sonnet", max_tokens: 256, timeout: 1800 };
