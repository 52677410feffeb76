import type { LoopDefinition } from "@loops/fsm";
import { edgesOf } from "./edges.js";

/** A loop in the language of Graphviz; `current` is filled. */
export function toDot(loop: LoopDefinition, current?: string): string {
  const lines = [
    `digraph ${quote(loop.name)} {`,
    "  rankdir=LR;",
    '  node [shape=box, style=rounded, fontname="sans-serif"];',
    '  edge [fontname="sans-serif"];',
    "  __start [shape=point];",
    ...Object.entries(loop.states).map(([name, state]) => {
      const attributes = [
        ...(state.terminal === true ? ["peripheries=2"] : []),
        ...(name === current ? ['style="rounded,filled"', 'fillcolor="#ffdd66"'] : []),
      ];
      return `  ${quote(name)}${attributes.length === 0 ? "" : ` [${attributes.join(", ")}]`};`;
    }),
    `  __start -> ${quote(loop.initial)};`,
    ...edgesOf(loop).map(({ from, to, labels }) => {
      const label = labels.filter((text) => text !== "").join(", ");
      return `  ${quote(from)} -> ${quote(to)}${label === "" ? "" : ` [label=${quote(label)}]`};`;
    }),
    "}",
  ];
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"`;
}
