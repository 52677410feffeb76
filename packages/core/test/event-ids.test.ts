import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const PROCESSES = 4;
const THREADS = 3;
const IDS = 500;

/** Makes ids in the main thread and in two workers side by side, under a clock that stands still. */
const script = `
const { isMainThread, parentPort, Worker } = require("node:worker_threads");
Date.now = () => 1_700_000_000_000;
const make = () => import("@loops/core").then(({ newEventId }) => Array.from({ length: ${IDS} }, () => newEventId()));
const inWorker = () =>
  new Promise((resolve, reject) => new Worker(process.env.SCRIPT, { eval: true }).on("message", resolve).on("error", reject));
if (isMainThread) {
  Promise.all([make(), inWorker(), inWorker()]).then((all) => console.log(JSON.stringify(all.flat())));
} else {
  make().then((ids) => parentPort.postMessage(ids));
}
`;

it("event ids are unique over processes and threads, even when all of them start in the same millisecond", async () => {
  const cwd = new URL("..", import.meta.url);
  const runs = Array.from({ length: PROCESSES }, () =>
    promisify(execFile)(process.execPath, ["-e", script], { cwd, env: { ...process.env, SCRIPT: script } }),
  );
  const ids = (await Promise.all(runs)).flatMap(({ stdout }): string[] => JSON.parse(stdout));
  expect(ids).toHaveLength(PROCESSES * THREADS * IDS);
  expect(new Set(ids).size).toBe(ids.length);
});
