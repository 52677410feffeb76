import { LaunchError, runCaptured } from "./child.mjs";

/**
 * An environment in which `pnpm` is the pinned one. Under pnpm that is the one we have; elsewhere npm fetches it into
 * its own cache, once, so that nothing has to be installed by hand.
 * @param {string} pin as `packageManager` says it: `pnpm@1.2.3`
 * @param {import("./child.mjs").Place} place
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function withPnpm(pin, { cwd, env }) {
  if (env["npm_config_user_agent"]?.startsWith("pnpm/")) return env;
  const args = ["exec", "--yes", "--prefer-offline", `--package=${pin}`, "--", "node", "-p", "process.env.PATH"];
  const { code, output, stdout } = await runCaptured("npm", args, { cwd, env });
  const path = stdout.trimEnd().split("\n").at(-1);
  if (code !== 0 || !path)
    throw new LaunchError(1, `${output}\nnpm could not fetch ${pin}. Can it reach its registry?`);
  const others = Object.entries(env).filter(([name]) => name.toUpperCase() !== "PATH");
  return { ...Object.fromEntries(others), PATH: path };
}
