import { lastCharacters } from "./python/text.js";

/** How much of an output a model is shown: its end, where the result is. */
const shownCharacters = 4000;

const defaultPrompt = "Look at the output of an action and decide whether the action succeeded.";

/** The answer of `llm_structured` where the state names no schema. */
export const defaultAnswerSchema: Readonly<Record<string, unknown>> = {
  type: "object",
  properties: {
    verdict: {
      type: "string",
      enum: ["yes", "no", "blocked", "partial"],
      description: [
        "yes: what was asked is the case.",
        "no: it is not.",
        "blocked: it cannot go on unless somebody helps.",
        "partial: it is better than before, and not done.",
      ].join("\n"),
    },
    confidence: { type: "number", minimum: 0, maximum: 1, description: "How sure the verdict is, from 0 to 1." },
    reason: { type: "string", description: "Why, in a sentence." },
  },
  required: ["verdict", "confidence", "reason"],
};

/** What the model is asked: the prompt, and behind it the end of the output. */
export function questionText(prompt: string | undefined, output: string): string {
  const shown = lastCharacters(output, shownCharacters);
  return `${prompt || defaultPrompt}\n\n<action_output>\n${shown}\n</action_output>`;
}
