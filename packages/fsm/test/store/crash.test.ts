import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ActionResult } from "../../src/run-state.js";
import { newEvent, newState, newStore, readLines } from "./support.js";

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}.mjs`, import.meta.url));
const kills = process.env["LOOPS_LONG"] === "1" ? 200 : 10;

/** Starts a child that ends with the test at the latest. */
function start(command: string, parameters: readonly string[]): { child: ChildProcess; lines: Interface } {
  const child = spawn(command, parameters, { stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  if (child.stdout === null) throw new Error("There is a pipe for the output.");
  return { child, lines: createInterface({ input: child.stdout }) };
}

interface Report {
  readonly iteration: number;
  readonly seq: number;
}

/** Lets a writer commit at least `commits` times and a little more, then kills it: what it said last was committed. */
async function runAndKill(input: object, commits: number): Promise<Report> {
  const { child, lines } = start(process.execPath, [fixture("store-writer"), JSON.stringify(input)]);
  const closed = once(child, "close");
  let reports = 0;
  let last = "";
  for await (const line of lines) {
    last = line;
    reports += 1;
    if (reports === commits) setTimeout(() => child.kill("SIGKILL"), Math.random() * 20);
  }
  await closed;
  expect(child.signalCode).toBe("SIGKILL");
  return JSON.parse(last) as Report;
}

describe("killed at any moment", () => {
  it("B-2, B-11: a run has everything that was reported as committed, without a hole, and goes on", {
    timeout: kills * 10_000,
  }, async () => {
    const { dir, store, running } = newStore();
    const state = newState();
    let seqBefore = 0;
    for (let kill = 1; kill <= kills; kill += 1) {
      const reported = await runAndKill({ dir, state }, 1 + Math.floor(Math.random() * 300));
      const found = await store.find(state.run_id);
      const lease = await store.acquire(state.run_id);
      expect(lease.epoch).toBe(2 * kill);
      // One commit more may be in the journal: the process was killed between committing and saying so.
      expect([reported.iteration, reported.iteration + 1]).toContain(lease.state.iteration);
      expect(found?.iteration).toBe(lease.state.iteration);
      const { iteration } = lease.state;
      expect((lease.state.captured["last"] as ActionResult | undefined)?.output.replace(/^x+/, "")).toBe(
        `${iteration}`,
      );
      expect(lease.state.phase).toBe(iteration % 3 === 0 ? "acting" : "ready");
      const seqs = (await lease.events(0)).map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: lease.seq }, (_, n) => n + 1));
      expect(lease.seq).toBeGreaterThanOrEqual(reported.seq);
      expect(lease.seq).toBeGreaterThan(seqBefore);
      // As a resumed engine does, so that the epoch of this owner is on record.
      await lease.commit([newEvent("loop_resume")], {});
      seqBefore = lease.seq;
      await lease.release();
    }
    const ids = readLines(running("fix-types.events.jsonl")).map((line) => line["id"]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("a disk that is full stops the run with a typed error; with space again it goes on where it was", async () => {
    const { dir, store, running } = newStore();
    const state = newState();
    // A bound on the size of files, in kilobytes, stands for the end of the disk: a write is cut short, then fails.
    const command = `ulimit -f 64; exec "$0" "$@"`;
    const parameters = [process.execPath, fixture("store-writer"), JSON.stringify({ dir, state })];
    const { child, lines } = start("bash", ["-c", command, ...parameters]);
    let errors = "";
    child.stderr?.on("data", (chunk) => {
      errors += chunk;
    });
    const closed = once(child, "close");
    let last = "";
    for await (const line of lines) last = line;
    await closed;
    expect(errors).toBe("LOOPS_STORE_WRITE\n");
    const { iteration, seq } = JSON.parse(last) as Report;
    expect(statSync(running("fix-types.events.jsonl")).size).toBeGreaterThan(32 * 1024);
    expect(readFileSync(running("fix-types.events.jsonl"), "utf8").endsWith("\n")).toBe(true);

    const lease = await store.acquire(state.run_id);
    expect(lease).toMatchObject({ seq, state: { iteration } });
    await lease.commit([newEvent("loop_resume")], {});
    expect((await lease.events(0)).map((event) => event.seq)).toEqual(Array.from({ length: seq + 1 }, (_, n) => n + 1));
  });
});

/** Starts contenders, lets all of them go at once, and returns what each says. */
async function contend(count: number, inputOf: (index: number) => object): Promise<readonly Record<string, unknown>[]> {
  const contenders = Array.from({ length: count }, (_, index) => {
    const { child, lines } = start(process.execPath, [fixture("store-contender"), JSON.stringify(inputOf(index))]);
    return { child, said: lines[Symbol.asyncIterator]() };
  });
  for (const { said } of contenders) expect((await said.next()).value).toBe("ready");
  for (const { child } of contenders) child.stdin?.write("go\n");
  const answers = [];
  for (const { said } of contenders) answers.push(JSON.parse((await said.next()).value as string));
  const closed = contenders.map(({ child }) => once(child, "close"));
  for (const { child } of contenders) child.stdin?.end();
  await Promise.all(closed);
  return answers;
}

describe("processes that want the same run", () => {
  it("B-15: one of them gets it, the others are told that it is owned", async () => {
    const { dir, store } = newStore();
    const state = newState();
    const lease = await store.create(state);
    await lease.commit([newEvent("loop_start")], { set: { status: "interrupted" } });
    await lease.release();
    const answers = await contend(5, () => ({ dir, method: "acquire", parameter: state.run_id }));
    expect(answers.filter((answer) => "epoch" in answer)).toEqual([{ epoch: 2, seq: 2 }]);
    expect(answers.filter((answer) => answer["code"] === "LOOPS_RUN_OWNED")).toHaveLength(4);
  });

  it("B-10: runs of one loop that begin at once each get a place of their own", async () => {
    const { dir, store } = newStore();
    const answers = await contend(5, () => ({ dir, method: "create", parameter: newState() }));
    expect(answers).toEqual(Array.from({ length: 5 }, () => expect.objectContaining({ seq: 1 })));
    const { runs, corrupt } = await store.list();
    expect(corrupt).toEqual([]);
    expect(new Set(runs.map((run) => run.run_id)).size).toBe(5);
    for (const run of runs) expect(await store.readEvents("fix-types", run.run_id)).toHaveLength(1);
  });
});
