// The launcher behind every root script: `node scripts/run.mjs <task> [args]`.
//
// It needs only Node and npm. It finds the pinned pnpm, installs what is missing, builds what has changed, and then
// runs the script `_<task>` of package.json with the caller's arguments. Getting ready is silent unless it fails.
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LaunchError, runCaptured, runForeground } from "./launcher/child.mjs";
import { withLock } from "./launcher/lock.mjs";
import { withPnpm } from "./launcher/pnpm.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

/** Tasks that must work on a tree that does not build, or that build for themselves and report on it. */
const withoutBuild = new Set(["check", "format", "changeset"]);

/** @param {string} task @param {readonly string[]} args */
async function launch(task, args) {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    const message = `loops needs Node ${manifest.engines.node}; this is ${process.versions.node}. Install a newer Node.`;
    throw new LaunchError(2, message);
  }
  const tasks = Object.keys(manifest.scripts).flatMap((name) => (name.startsWith("_") ? [name.slice(1)] : []));
  if (!tasks.includes(task)) throw new LaunchError(2, `Unknown task "${task}". Tasks: ${tasks.join(", ")}.`);

  // Two launches in one fresh clone would otherwise write node_modules and dist over each other.
  const onWait = () => console.error("Waiting for another launch that installs and builds here…");
  const env = await withLock(`${root}.turbo/launcher.lock`, () => getReady(!withoutBuild.has(task)), { onWait });
  if (task === "build") return 0;
  return runForeground("pnpm", ["--silent", "run", `_${task}`, ...args], { cwd: root, env });
}

/**
 * Installs and builds what is missing; returns the environment for the task.
 * @param {boolean} build
 */
async function getReady(build) {
  if (!existsSync(`${root}node_modules`)) console.error("First launch: installing and building, once…");
  const env = await withPnpm(manifest.packageManager, {
    cwd: root,
    env: {
      ...process.env,
      // pnpm sets INIT_CWD anew; a task that takes paths resolves them from where the person stands.
      LOOPS_CALLED_FROM: process.env["INIT_CWD"] ?? process.cwd(),
      TURBO_TELEMETRY_DISABLED: "1",
      DO_NOT_TRACK: "1",
      npm_config_loglevel: "error",
    },
  });
  const steps = [["install", "--prefer-offline"], ...(build ? [["--silent", "run", "_build"]] : [])];
  for (const step of steps) {
    const { code, output } = await runCaptured("pnpm", step, { cwd: root, env });
    if (code !== 0) throw new LaunchError(code, `${output.trimEnd()}\n\n\`pnpm ${step.join(" ")}\` failed: see above.`);
  }
  return env;
}

const [task = "", ...rest] = process.argv.slice(2);
// npm takes the first `--` away, pnpm hands it on.
const args = rest[0] === "--" ? rest.slice(1) : rest;
try {
  process.exitCode = await launch(task, args);
} catch (error) {
  if (!(error instanceof LaunchError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
