import { Finding, run } from "./command.mjs";

/**
 * A branch that changes a published package says so in a changeset. Before the first release, and in a clone that has
 * nothing to compare with, there is nothing to check.
 */
export async function changesets() {
  if ((await run("git", ["tag", "--list", "@loops/*@*"])) === "") return "no release yet";
  const base = (await revision("origin/main")) ?? (await revision("main"));
  const head = await revision("HEAD");
  if (base === undefined || base === head) return "no base branch to compare with";
  await run("changeset", ["status", "--since", base]);
  return undefined;
}

/** @param {string} name @returns {Promise<string | undefined>} */
async function revision(name) {
  try {
    return (await run("git", ["rev-parse", "--verify", "--quiet", `${name}^{commit}`])).trim();
  } catch (error) {
    if (error instanceof Finding) return undefined;
    throw error;
  }
}
