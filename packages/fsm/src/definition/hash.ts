import { createHash } from "node:crypto";
import type { LoopDefinition } from "./types.js";

/** SHA-256 of a definition, in hex: equal for equal definitions, however their keys are ordered. Tells whether a loop changed between a run and its resume. */
export function definitionHash(definition: LoopDefinition): string {
  return createHash("sha256").update(canonicalJson(definition)).digest("hex");
}

/** JSON with the keys of each object in code unit order. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return item;
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
