import type { LoopDefinition } from "@loops/fsm";
import { edgesOf } from "./edges.js";

/** A loop as a Mermaid state diagram; `current` is marked. */
export function toMermaid(loop: LoopDefinition, current?: string): string {
  const names = [...new Set([...Object.keys(loop.states), ...edgesOf(loop).map(({ to }) => to)])];
  const ids = new Map(names.map((name, index) => [name, `s${index}`]));
  const id = (name: string) => ids.get(name) ?? "";
  const lines = [
    "stateDiagram-v2",
    ...names.map((name) => `  state ${quote(name)} as ${id(name)}`),
    `  [*] --> ${id(loop.initial)}`,
    ...edgesOf(loop).map(({ from, to, labels }) => {
      const label = labels.filter((text) => text !== "").join(", ");
      return `  ${id(from)} --> ${id(to)}${label === "" ? "" : ` : ${entities(label)}`}`;
    }),
    ...Object.entries(loop.states)
      .filter(([, state]) => state.terminal === true)
      .map(([name]) => `  ${id(name)} --> [*]`),
    ...(current !== undefined && ids.has(current)
      ? ["  classDef current fill:#fd6,stroke:#850,color:#000", `  class ${id(current)} current`]
      : []),
  ];
  return `${lines.join("\n")}\n`;
}

function quote(name: string): string {
  return `"${entities(name)}"`;
}

/** Mermaid has no escapes but entity codes. */
function entities(text: string): string {
  return text.replace(/[#";:<>\n\r]/g, (character) => `#${character.charCodeAt(0)};`);
}
