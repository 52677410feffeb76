// The launcher behind every root script: `node scripts/run.mjs <task> [args]`.
// It needs only Node and npm: outside pnpm it fetches the pinned pnpm through npx, which installs and builds what is missing.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const [task, ...args] = process.argv.slice(2);
const { packageManager, engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `loops needs Node ${engines.node}; this is ${process.versions.node}. Install a newer Node and run it again.`,
  );
  process.exit(2);
}

const pnpmRun = ["pnpm", "--silent", "run", `_${task}`, ...args];
const underPnpm = process.env.npm_config_user_agent?.startsWith("pnpm/") === true;
const [command, ...rest] = underPnpm
  ? pnpmRun
  : ["npx", "-y", "--prefer-offline", `--package=${packageManager}`, "--", ...pnpmRun];

const { status, signal, error } = spawnSync(command, rest, {
  cwd: new URL("..", import.meta.url),
  stdio: "inherit",
  shell: process.platform === "win32",
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1", npm_config_loglevel: "error" },
});
if (error) {
  console.error(`Could not start ${command}: ${error.message}`);
  process.exit(1);
}
if (signal) process.kill(process.pid, signal);
process.exit(status ?? 1);
