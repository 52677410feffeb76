/**
 * @typedef {object} Block a fenced code block of a Markdown page
 * @property {string} language the first word behind the fence
 * @property {string} title the rest of that line: the name of a file, for blocks that are files
 * @property {string} code
 * @property {number} line of the first line of code, from 1
 * @property {boolean} newSection whether a heading stands between this block and the one before
 */

/**
 * The fenced code blocks of a page, in order.
 * @param {string} text
 * @returns {Block[]}
 */
export function blocksOf(text) {
  /** @type {Block[]} */
  const blocks = [];
  let fence = "";
  let newSection = true;
  for (const [index, line] of text.split("\n").entries()) {
    const block = blocks.at(-1);
    if (fence !== "") {
      if (line.trim() === fence) fence = "";
      else if (block !== undefined) block.code += `${line}\n`;
      continue;
    }
    const opening = /^(```+)(\S*)\s*(.*)$/.exec(line);
    if (opening === null) {
      newSection ||= /^#{1,6}\s/.test(line);
      continue;
    }
    const [, marks = "", language = "", title = ""] = opening;
    fence = marks;
    blocks.push({ language, title: title.trim(), code: "", line: index + 2, newSection });
    newSection = false;
  }
  return blocks;
}

/**
 * @typedef {object} Example a block that runs
 * @property {Block} block
 * @property {string | undefined} output what it is said to print
 */

/**
 * The `js` blocks of a page, each with the `text` block that follows it, if that is the next one and no heading stands
 * between: its output.
 * @param {readonly Block[]} blocks
 * @returns {Example[]}
 */
export function examplesOf(blocks) {
  return blocks.flatMap((block, index) => {
    if (block.language !== "js") return [];
    const next = blocks[index + 1];
    const output = next?.language === "text" && !next.newSection ? next.code : undefined;
    return [{ block, output }];
  });
}

/**
 * What an example is said to print, as a pattern: `…` stands for anything within a line, and alone on a line for any
 * number of lines.
 * @param {string} output
 */
export function outputPattern(output) {
  const lines = output.trimEnd().split("\n");
  const parts = lines.map((line) => {
    if (line.trim() === "…") return "(?:.*\\n)*";
    return `${line.trimEnd().split("…").map(literal).join(".*")}\\n`;
  });
  return new RegExp(`^${parts.join("")}$`);
}

/** @param {string} text */
const literal = (text) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
