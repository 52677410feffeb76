import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { Finding, root, run } from "./command.mjs";
import { headings, linksOf, slugsOf } from "./markdown.mjs";

/** Every relative link leads somewhere, and every error code has its heading. */
export async function documentation() {
  const problems = [...brokenLinks(await files("*.md")), ...undocumentedCodes(await files("packages/*/src/*.ts"))];
  if (problems.length > 0) throw new Finding(problems.join("\n"));
}

/** Paths, from the root, of what is committed or about to be. @param {string} pattern of git */
async function files(pattern) {
  const list = await run("git", ["ls-files", "--cached", "--others", "--exclude-standard", "--", pattern]);
  return [...new Set(list.split("\n"))].filter((path) => path !== "" && existsSync(join(root, path)));
}

/** @param {string} path */
const read = (path) => readFileSync(join(root, path), "utf8");

/** @param {readonly string[]} paths */
function* brokenLinks(paths) {
  for (const path of paths) {
    for (const { target, line } of linksOf(read(path))) {
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
      const [file = "", anchor] = decodeURIComponent(target).split("#");
      const absolute = file === "" ? join(root, path) : resolve(root, dirname(path), file);
      if (!absolute.startsWith(root) || !existsSync(absolute)) {
        yield `${path}:${line}: ${target} leads nowhere`;
      } else if (anchor && absolute.endsWith(".md") && statSync(absolute).isFile()) {
        const slugs = slugsOf(readFileSync(absolute, "utf8"));
        if (!slugs.has(anchor)) yield `${path}:${line}: ${relative(root, absolute)} has no heading #${anchor}`;
      }
    }
  }
}

/** @param {readonly string[]} sources */
function* undocumentedCodes(sources) {
  const page = "docs/errors.md";
  const documented = existsSync(join(root, page)) ? headings(read(page)).join("\n") : "";
  const documentedCodes = new Set(documented.match(/\bLOOPS_[A-Z0-9_]+\b/g));
  const variables = environmentVariables();
  /** @type {Map<string, string>} */
  const used = new Map();
  for (const path of sources.filter((source) => !source.endsWith(".test.ts"))) {
    for (const [, code = ""] of read(path).matchAll(/["'`](LOOPS_[A-Z0-9_]*[A-Z0-9])["'`]/g)) {
      if (!variables.has(code)) used.set(code, path);
    }
  }
  for (const [code, path] of used) {
    if (!documentedCodes.has(code)) yield `${page}: no heading for ${code} (${path})`;
  }
  for (const code of documentedCodes) {
    if (!used.has(code)) yield `${page}: the heading ${code} names a code that nothing uses`;
  }
}

/** What looks like a code and is no error: a row of a table of environment variables. */
function environmentVariables() {
  const pages = ["packages/fsm/README.md", "packages/cli/README.md"].filter((page) => existsSync(join(root, page)));
  const rows = pages.flatMap((page) => [
    ...read(page).matchAll(/^\| (?:variable )?`(LOOPS_[A-Z0-9_]+)(?:<[A-Z]+>)?` \|/gm),
  ]);
  return new Set(rows.map(([, name = ""]) => name));
}
