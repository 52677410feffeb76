import { execFile } from "node:child_process";

export interface AptOptions {
  readonly env: NodeJS.ProcessEnv;
  /** One installation on this machine at a time, however many test processes ask for it. */
  readonly lockPath: string;
  /** After this an installation is ended; also how long another one is waited for. */
  readonly timeoutMs: number;
}

/** What a person would type. */
export function installLine(aptPackage: string): string {
  return `apt-get update && apt-get install --yes --no-install-recommends ${aptPackage}`;
}

/** Asks nothing, and starts no service that a package brings: a test starts its own. */
const unattended = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };

/**
 * `$1` is the command, `$2` the package. Lists of packages that are missing or out of date are fetched when a first
 * attempt fails, and only then.
 */
const script = `
command -v "$1" >/dev/null && exit 0
quietly() { apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=60 "$@" </dev/null; }
quietly install --yes --no-install-recommends "$2" >/dev/null 2>&1 && exit 0
quietly update && quietly install --yes --no-install-recommends "$2"
`;

/**
 * Installs a package, unless another process has just done it. The lock is held until apt-get has ended, and the
 * deadline is kept, even if the test process was killed meanwhile: both are the business of processes of their own.
 *
 * @returns what went wrong, in short, or `undefined`
 */
export function aptInstall(
  { command, aptPackage }: { command: string; aptPackage: string },
  { env, lockPath, timeoutMs }: AptOptions,
): Promise<string | undefined> {
  const seconds = String(timeoutMs / 1000);
  const limited = ["timeout", "--kill-after=10", seconds, "sh", "-c", script, "sh", command, aptPackage];
  const args = ["--timeout", seconds, "--conflict-exit-code", "124", lockPath, ...limited];
  return new Promise((resolve) => {
    execFile("flock", args, { env: { ...env, ...unattended } }, (error, stdout, stderr) => {
      if (error === null) return resolve(undefined);
      const last = `${stdout}${stderr}`.trim().split("\n").at(-1);
      if (error.code === 124 || error.code === 137) return resolve(`apt-get did not end within ${seconds} s`);
      resolve(last || `apt-get failed (${error.code ?? error.signal})`);
    });
  });
}
