import { closeSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runAsync, runSync, type Steps, step } from "../ndjson/steps.js";
import { ownIdentity } from "../process/process-identity.js";
import { FileLock } from "./file-lock.js";
import { asyncLockCalls, type LockCalls, syncLockCalls } from "./lock-calls.js";
import type { LockProcesses } from "./lock-owner.js";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "loops-lock-"));
  file = join(folder, "events.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type LockSteps<T> = Steps<T, LockCalls>;
const calls = syncLockCalls();
const run = <T>(steps: LockSteps<T>) => runSync(steps, calls);
const owner = (pid: number, host = hostname()) => ({ pid, host, start_time: null, boot_id: null, thread: null });
const dead = `${JSON.stringify({ ...owner(4_000_000), nonce: "gone" })}\n`;
const newLock = (processes?: LockProcesses) =>
  new FileLock({
    path: `${file}.lock`,
    refusal: (who) => `taken (${who})`,
    ...(processes !== undefined && { processes }),
  });
const names = () => readdirSync(folder).sort();

describe("a lock in a file", () => {
  it("is one file with its owner, made in one step, and gone after release", () => {
    const lock = newLock();
    expect(run(lock.hold())).toBe(true);
    expect(run(lock.hold())).toBe(false);
    expect(names()).toEqual(["events.jsonl.lock"]);
    expect(JSON.parse(readFileSync(lock.path, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    run(lock.release());
    expect(names()).toEqual([]);
  });

  it("keeps a second one out, of the same process too, and says who has it", () => {
    const first = newLock();
    const second = newLock();
    run(first.hold());
    expect(() => run(second.hold())).toThrowError(expect.objectContaining({ code: "LOOPS_FILE_OWNED" }));
    expect(() => run(second.hold())).toThrow("taken (in this process)");
    run(second.release());
    expect(run(first.hold())).toBe(false);
    run(first.release());
    expect(run(second.hold())).toBe(true);
    expect(names()).toEqual(["events.jsonl.lock"]);
  });

  it("is taken over from a dead owner, and from one that was torn by a loss of power", () => {
    for (const text of [dead, "", "{", "[]", '{"pid":"1"}']) {
      writeFileSync(`${file}.lock`, text);
      const lock = newLock();
      expect(run(lock.hold())).toBe(true);
      expect(names()).toEqual(["events.jsonl.lock"]);
      run(lock.release());
    }
  });

  it.runIf(process.platform === "linux")("is taken over from a thread that has ended, in a process that lives", () => {
    const locked = (thread: string) => writeFileSync(`${file}.lock`, JSON.stringify({ ...ownIdentity(), thread }));
    const threads = readdirSync("/proc/self/task").map((id) => {
      const stat = readFileSync(`/proc/self/task/${id}/stat`, "utf8");
      return { id, startTime: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] };
    });
    expect(threads.length).toBeGreaterThan(1);
    for (const { id, startTime } of threads) {
      locked(`${id}.${startTime}`);
      const self = id === String(process.pid);
      const who = self ? "in this process" : "in this process, another thread";
      expect(() => run(newLock().hold())).toThrow(`taken (${who})`);
    }
    // One is gone; the number of the other is that of a later thread by now.
    for (const thread of ["4194305.1", `${process.pid}.1`]) {
      locked(thread);
      const lock = newLock();
      expect(run(lock.hold())).toBe(true);
      run(lock.release());
    }
  });

  it("is taken and given up without holding up anybody, too", async () => {
    const calls = asyncLockCalls();
    const lock = newLock();
    expect(await runAsync(lock.hold(), calls)).toBe(true);
    await expect(runAsync(newLock().hold(), calls)).rejects.toMatchObject({ code: "LOOPS_FILE_OWNED" });
    await runAsync(lock.tidy(), calls);
    expect(await runAsync(lock.hold(), calls)).toBe(false);
    await runAsync(lock.release(), calls);
    expect(names()).toEqual([]);
  });

  it("of another host is never taken: whether its owner lives cannot be seen from here", () => {
    writeFileSync(`${file}.lock`, JSON.stringify(owner(4_000_000, "elsewhere")));
    expect(() => run(newLock().hold())).toThrow("taken (process 4000000 on host elsewhere)");
  });

  it("that was removed or replaced from outside is noticed by its owner", () => {
    const lock = newLock();
    run(lock.hold());
    rmSync(lock.path);
    expect(run(lock.hold())).toBe(true);
    rmSync(lock.path);
    const other = newLock();
    run(other.hold());
    expect(() => run(lock.hold())).toThrow("taken (in this process)");
    run(lock.release());
    expect(existsSync(lock.path)).toBe(true);
  });

  it("can be taken while the same owner is about to take it, at whatever step that is", () => {
    for (const before of [undefined, dead]) {
      for (let done = 0; done < 40; done++) {
        for (const name of names()) rmSync(join(folder, name));
        if (before !== undefined) writeFileSync(`${file}.lock`, before);
        const lock = newLock();
        const first = lock.hold();
        let next = first.next();
        const advance = () => {
          if (next.done === true) return;
          let answer: unknown;
          try {
            answer = next.value(calls);
          } catch (error) {
            next = first.throw(error);
            return;
          }
          next = first.next(answer);
        };
        for (let n = 0; n < done; n++) advance();
        run(lock.hold());
        expect(lock.taken).toBe(true);
        while (next.done !== true) advance();
        expect(run(lock.hold())).toBe(false);
        expect(names()).toEqual(["events.jsonl.lock"]);
        run(lock.release());
        expect(names()).toEqual([]);
      }
    }
  });

  it("leaves nothing behind where it cannot be made", () => {
    const failing = {
      ...calls,
      link: () => {
        throw Object.assign(new Error("EPERM: no links"), { code: "EPERM" });
      },
    };
    expect(() => runSync(newLock().hold(), failing)).toThrow("no links");
    expect(names()).toEqual([]);
  });

  it("tidies up what others left that died while they took it, and nothing of those that live", () => {
    const left = [`${file}.lock.0123456789abcdef`, `${file}.lock.0123456789abcdef.tmp`];
    for (const path of left) writeFileSync(path, dead);
    const kept = [`${file}.lock.00000000deadbeef`, `${file}.lock.note`];
    for (const path of kept) writeFileSync(path, JSON.stringify(owner(process.pid)));
    const lock = newLock();
    run(lock.hold());
    run(lock.tidy());
    expect(left.filter(existsSync)).toEqual([]);
    expect(kept.filter(existsSync)).toEqual(kept);
  });
});

/** Writers whose calls are interleaved one by one, and that can die between any two of them. */
class Contenders {
  /** Those of the dead too, until the end. */
  readonly #descriptors = new Set<number>();
  readonly #calls: LockCalls = {
    ...calls,
    open: (...args) => {
      const fd = calls.open(...args) as number;
      this.#descriptors.add(fd);
      return fd;
    },
    close: (fd) => {
      this.#descriptors.delete(fd);
      return calls.close(fd);
    },
  };
  readonly holding = new Set<number>();
  readonly #living = new Set<number>();
  readonly #running: { pid: number; steps: LockSteps<void>; answer: { value?: unknown; error?: unknown } }[] = [];
  #nextPid = 1;

  newLock(): { readonly pid: number; readonly lock: FileLock } {
    const pid = this.#nextPid++;
    this.#living.add(pid);
    const processes = { own: () => owner(pid), isAlive: (other: { pid: number }) => this.#living.has(other.pid) };
    return { pid, lock: newLock(processes) };
  }

  start(): void {
    const { pid, lock } = this.newLock();
    this.#running.push({ pid, steps: this.#life(pid, lock), answer: {} });
  }

  /** Lets one of them make one call. */
  advance(choice: number): void {
    const one = this.#running[choice % this.#running.length];
    if (one === undefined) return;
    const { answer, steps } = one;
    const next = "error" in answer ? steps.throw(answer.error) : steps.next(answer.value);
    if (next.done === true) throw new Error("a writer ended");
    try {
      one.answer = { value: next.value(this.#calls) };
    } catch (error) {
      one.answer = { error };
    }
  }

  kill(choice: number): void {
    const [one] = this.#running.splice(choice % Math.max(1, this.#running.length), 1);
    if (one === undefined) return;
    this.#living.delete(one.pid);
    this.holding.delete(one.pid);
  }

  killAll(): void {
    while (this.#running.length > 0) this.kill(0);
    for (const fd of this.#descriptors) closeSync(fd);
  }

  *#life(pid: number, lock: FileLock): LockSteps<void> {
    const rest = () => step(() => undefined);
    for (;;) {
      try {
        yield* lock.hold();
      } catch (error) {
        expect(error).toMatchObject({ code: "LOOPS_FILE_OWNED" });
        yield* rest();
        continue;
      }
      this.holding.add(pid);
      yield* lock.tidy();
      for (let write = 0; write < 3; write++) yield* rest();
      expect(yield* lock.hold()).toBe(false);
      this.holding.delete(pid);
      yield* lock.release();
    }
  }
}

const long = process.env["LOOPS_LONG"] === "1";

describe("writers that want the lock at the same time", () => {
  it("one at most has it, whatever the order of their calls and whoever dies in between; and it is never stuck", () => {
    // Mostly calls, in runs of one writer; sometimes a death, and somebody new.
    const action = fc.oneof(
      { weight: 30, arbitrary: fc.record({ who: fc.nat(7), calls: fc.integer({ min: 1, max: 12 }) }) },
      { weight: 3, arbitrary: fc.record({ dies: fc.nat(7) }) },
    );
    fc.assert(
      fc.property(fc.boolean(), fc.array(action, { minLength: 20, maxLength: 120 }), (stale, actions) => {
        for (const name of names()) rmSync(join(folder, name));
        if (stale) writeFileSync(`${file}.lock`, dead);
        const contenders = new Contenders();
        for (let n = 0; n < 4; n++) contenders.start();
        for (const next of actions) {
          if ("dies" in next) {
            contenders.kill(next.dies);
            contenders.start();
          } else
            for (let n = 0; n < next.calls; n++) {
              contenders.advance(next.who);
              expect(contenders.holding.size).toBeLessThanOrEqual(1);
            }
        }
        contenders.killAll();
        const { lock } = contenders.newLock();
        expect(run(lock.hold())).toBe(true);
        run(lock.tidy());
        // Of one that died with its file made and not yet written nobody can tell whether it lives.
        const left = names().filter((name) => readFileSync(join(folder, name), "utf8") !== "");
        expect(left).toEqual(["events.jsonl.lock"]);
      }),
      { numRuns: long ? 5_000 : 150 },
    );
  });
});
