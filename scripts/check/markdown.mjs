/**
 * The text with code blanked out, so that an example is not taken for a link; lines stay where they were.
 * @param {string} text
 */
function withoutCode(text) {
  const blank = (/** @type {string} */ match) => match.replace(/[^\n]/g, " ");
  return text.replace(/^( *)(```+|~~~+)[\s\S]*?^\1\2.*$/gm, blank).replace(/(`+)(?!`)[^`\n]+\1/g, blank);
}

const inlineLink = /\]\(\s*(?:<([^>]+)>|([^)\s]+))(?:\s+"[^"]*")?\s*\)/g;
const referenceDefinition = /^\s*\[[^\]^][^\]]*\]:\s+(?:<([^>]+)>|(\S+))/g;

/**
 * Targets of inline links, images and reference definitions.
 * @param {string} text
 * @returns {{ target: string, line: number }[]}
 */
export function linksOf(text) {
  return withoutCode(text)
    .split("\n")
    .flatMap((line, index) =>
      [...line.matchAll(inlineLink), ...line.matchAll(referenceDefinition)].map((match) => ({
        target: match[1] ?? match[2] ?? "",
        line: index + 1,
      })),
    );
}

/** Headings without their marks, in order. @param {string} text @returns {string[]} */
export function headings(text) {
  const fences = text.replace(/^( *)(```+|~~~+)[\s\S]*?^\1\2.*$/gm, "");
  return [...fences.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map((match) => match[1] ?? "");
}

/**
 * The anchors GitHub gives to the headings: lower case, words joined by `-`, punctuation gone, repeats numbered.
 * @param {string} text
 * @returns {Set<string>}
 */
export function slugsOf(text) {
  const slugs = new Set();
  const seen = new Map();
  for (const heading of headings(text)) {
    const label = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
    const slug = label
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    slugs.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return slugs;
}
