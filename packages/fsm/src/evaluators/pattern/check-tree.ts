import { type Node, NotAPattern, Untranslatable } from "./syntax.js";

type Width = readonly [min: number, max: number];
type Groups = ReadonlySet<number>;

const nothing: Width = [0, 0];

/**
 * Checks what the grammar alone does not say.
 * @throws NotAPattern for a lookbehind whose length is not fixed: Python refuses it
 * @throws Untranslatable for a reference to a group that may have taken no part: it fails in Python, and is the empty
 * text in JavaScript
 */
export function checkTree(root: Node): void {
  const widths = new Map<number, Width>();
  widthOf(root, widths);
  participating(root, new Set());
}

/** How many characters a part takes; checks each lookbehind on the way. */
function widthOf(node: Node, groups: Map<number, Width>): Width {
  switch (node.kind) {
    case "literal":
    case "set":
    case "any":
      return [1, 1];
    case "anchor":
      return nothing;
    case "reference":
      return groups.get(node.index) ?? nothing;
    case "sequence":
      return node.nodes.map((part) => widthOf(part, groups)).reduce(([a, b], [c, d]) => [a + c, b + d], nothing);
    case "choice": {
      const widths = node.branches.map((branch) => widthOf(branch, groups));
      return [Math.min(...widths.map(([min]) => min)), Math.max(...widths.map(([, max]) => max))];
    }
    case "repeat": {
      const [min, max] = widthOf(node.body, groups);
      return [min * node.min, max === 0 ? 0 : max * node.max];
    }
    case "look": {
      const [min, max] = widthOf(node.body, groups);
      if (node.behind && min !== max) throw new NotAPattern();
      return nothing;
    }
    case "atomic":
      return widthOf(node.body, groups);
    case "group": {
      const width = widthOf(node.body, groups);
      if (node.index !== null) groups.set(node.index, width);
      return width;
    }
  }
}

/** The groups that have surely matched behind `node`, where `before` have in front of it. */
function participating(node: Node, before: Groups): Groups {
  switch (node.kind) {
    case "literal":
    case "set":
    case "any":
    case "anchor":
      return before;
    case "reference":
      if (!before.has(node.index)) {
        throw new Untranslatable(`it refers to group ${node.index}, which may have taken no part: write the cases out`);
      }
      return before;
    case "sequence":
      return node.nodes.reduce((known, part) => participating(part, known), before);
    case "choice": {
      const [first = before, ...others] = node.branches.map((branch) => participating(branch, before));
      return new Set([...first].filter((index) => others.every((other) => other.has(index))));
    }
    case "repeat": {
      const behind = participating(node.body, before);
      return node.min === 0 ? before : behind;
    }
    case "look": {
      const behind = participating(node.body, before);
      return node.negative ? before : behind;
    }
    case "atomic":
      return participating(node.body, before);
    case "group": {
      const behind = participating(node.body, before);
      return node.index === null ? behind : new Set([...behind, node.index]);
    }
  }
}
