import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Finding, root } from "./command.mjs";

/**
 * Lines of a pnpm lockfile that pin a package to the address of one registry. Such a lockfile works only for those who
 * reach that address.
 * @param {string} text
 */
export function pinnedAddresses(text) {
  return text
    .split("\n")
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => /^(resolution|tarball|registry):.*https?:\/\//.test(line));
}

/** The lockfile names no registry. */
export async function lockfile() {
  const found = pinnedAddresses(readFileSync(join(root, "pnpm-lock.yaml"), "utf8"));
  if (found.length === 0) return;
  const lines = found.map(({ line, number }) => `pnpm-lock.yaml:${number}: ${line}`);
  throw new Finding(
    `${lines.join("\n")}\nThe lockfile pins addresses. Install again with the default registry settings.`,
  );
}
