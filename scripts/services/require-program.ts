import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type AptOptions, aptInstall, installLine } from "./apt.js";

interface Program {
  readonly command: string;
  /** The package of Debian and Ubuntu that has it. */
  readonly aptPackage: string;
  /** Where it lies if it is not on the PATH: each folder in there is looked into for `bin`. */
  readonly versionsIn?: string;
}

/** Programs that tests need and npm does not bring. */
const programs = {
  chromium: { command: "chromium", aptPackage: "chromium" },
  curl: { command: "curl", aptPackage: "curl" },
  nc: { command: "nc", aptPackage: "netcat-openbsd" },
  postgres: { command: "postgres", aptPackage: "postgresql", versionsIn: "/usr/lib/postgresql" },
  "redis-server": { command: "redis-server", aptPackage: "redis-server" },
} satisfies Record<string, Program>;

/** Where a program is looked for and who asks; what is not given is that of this process. */
export interface Surroundings extends Partial<AptOptions> {
  readonly env?: NodeJS.ProcessEnv;
  readonly root?: boolean;
  /** Tells a person what is skipped. */
  readonly warn?: (line: string) => void;
}

/**
 * Finds a program for tests. Where it is missing it is installed if that can be done without asking: as root, where
 * there is apt. Otherwise whoever runs the tests is told what is skipped and how to get it, and a CI run fails.
 *
 * Call it at the top of a test file, outside of any test, because an installation takes longer than a test may:
 *
 *     const chromium = await requireProgram("chromium", "EventSource in a browser");
 *     describe.skipIf(chromium === undefined)("EventSource in a browser", () => …);
 *
 * @param what the tests that need it, for the message
 * @returns its path, or `undefined` where those tests are to be skipped
 * @throws Error when it is missing, cannot be installed, and `CI` is set
 */
export async function requireProgram(
  name: keyof typeof programs,
  what: string,
  surroundings: Surroundings = {},
): Promise<string | undefined> {
  const { command, aptPackage, versionsIn }: Program = programs[name];
  const {
    env = process.env,
    root = process.getuid?.() === 0,
    warn = (line) => process.stderr.write(`${line}\n`),
    lockPath = join(tmpdir(), "loops-apt.lock"),
    timeoutMs = 300_000,
  } = surroundings;
  const find = () => onPath(command, env["PATH"]) ?? inVersions(command, versionsIn);

  const path = find();
  if (path !== undefined) return path;
  let why = `${command} is not installed`;
  if (root && ["apt-get", "flock", "timeout"].every((tool) => onPath(tool, env["PATH"]) !== undefined)) {
    const problem = await aptInstall({ command, aptPackage }, { env, lockPath, timeoutMs });
    const installed = find();
    if (installed !== undefined) return installed;
    why = `${command} could not be installed: ${problem ?? `the package ${aptPackage} does not bring it`}`;
  }
  const message = `${why}. To run them: ${installLine(aptPackage)}`;
  const { CI = "" } = env;
  if (CI !== "" && CI !== "false" && CI !== "0") throw new Error(`Tests of ${what} cannot run: ${message}`);
  warn(`SKIPPED: tests of ${what}, because ${message}`);
  return undefined;
}

/** Where a command lies among the folders of a PATH. */
export function onPath(command: string, path = ""): string | undefined {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, command))
    .find(isExecutable);
}

/** The newest version that has the command. */
function inVersions(command: string, folder: string | undefined): string | undefined {
  if (folder === undefined || !existsSync(folder)) return undefined;
  return readdirSync(folder)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(folder, version, "bin", command))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
