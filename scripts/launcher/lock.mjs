import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LaunchError } from "./child.mjs";

/**
 * Runs `work` while holding a lock file that names this process. A holder that has died gives the lock up.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @param {{ timeoutMs?: number, pollMs?: number, onWait?: () => void }} [options] `onWait` is called once, if at all
 * @returns {Promise<T>}
 * @throws {LaunchError} when another living process still holds it after `timeoutMs`
 */
export async function withLock(path, work, { timeoutMs = 10 * 60_000, pollMs = 100, onWait } = {}) {
  mkdirSync(dirname(path), { recursive: true });
  const deadline = performance.now() + timeoutMs;
  let announced = false;
  while (!tryAcquire(path)) {
    const holder = readHolder(path);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (performance.now() > deadline) {
      const who = `process ${holder ?? "unknown"}`;
      throw new LaunchError(1, `Another launch (${who}) still installs or builds here. End it, or remove ${path}.`);
    }
    if (!announced) onWait?.();
    announced = true;
    await sleep(pollMs);
  }
  const release = () => rmSync(path, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    release();
  }
}

/** @param {string} path */
function tryAcquire(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** The pid in the lock file; `undefined` while it is being written, or when it has just gone. @param {string} path */
function readHolder(path) {
  try {
    const pid = Number.parseInt(readFileSync(path, "utf8"), 10);
    return Number.isInteger(pid) ? pid : undefined;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {NodeJS.ErrnoException} */ (error).code;
