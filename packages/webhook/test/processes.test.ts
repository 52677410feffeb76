import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { outcomeOf, startChild } from "./child.js";
import { temporaryFolder } from "./folder.js";
import { atEnd, eventually, numbersOf, receiver, sinkTo } from "./sink.js";

const isLong = process.env["LOOPS_LONG"] === "1";

describe("a process with a spool that is killed", () => {
  it("loses no event whose emit has returned, and repeats only whole batches under their id", {
    timeout: 120_000,
  }, async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    let count = 0;
    // Fails and hesitates, so that a kill meets the sink in each of its states.
    target.answer(({ body }) => {
      count++;
      if (body.length > 4000) return 413;
      if (count % 7 === 0) return 503;
      if (count % 11 === 0) return (_, socket) => void socket.destroy();
      return 204;
    });
    const confirmed: string[] = [];
    const lives = isLong ? 40 : 5;
    for (let life = 1; life <= lives; life++) {
      const child = startChild("spool-writer.mjs", [target.url, path, String(life)]);
      let output = "";
      child.stdout?.on("data", (chunk) => {
        output += chunk;
      });
      const least = 1 + Math.floor(Math.random() * 3000);
      await eventually(() => expect(output.split("\n").length).toBeGreaterThan(least), 10_000);
      child.kill("SIGKILL");
      await once(child, "close");
      // The last line may be cut off by the kill.
      confirmed.push(
        ...output
          .split("\n")
          .slice(0, -1)
          .map((n) => `${life}/${n}`),
      );
    }
    const last = sinkTo(target.url, { spool: { path } });
    expect((await last.bus.close({ timeoutMs: 30_000 })).ok).toBe(true);

    const events = target.events().map(({ id, life, n }) => ({ id, name: `${life}/${n}`, life, n }));
    const arrived = new Set(events.map(({ name }) => name));
    expect(confirmed.filter((name) => !arrived.has(name))).toEqual([]);
    const firsts = [...new Map(events.map((event) => [event.id, event])).values()];
    const inOrder = firsts.every(({ life, n }, index) => {
      const before = firsts[index - 1];
      return before === undefined || before.life !== life || Number(before.n) + 1 === n;
    });
    expect(inOrder).toBe(true);
    const bodies = new Map<string, string>();
    for (const { id, body } of target.requests) {
      expect(bodies.get(id) ?? body).toBe(body);
      bodies.set(id, body);
    }
    const batches = new Map(target.accepted.map((request) => [request.id, JSON.parse(request.body).length]));
    expect([...batches.values()].reduce((sum, length) => sum + length, 0)).toBe(firsts.length);
  });

  it("can be followed by many at once: one of them gets the spool", { timeout: 30_000 }, async () => {
    const path = join(temporaryFolder(), "spool");
    const owner = startChild("lock-taker.mjs", [path, "0"]);
    await once(owner.stdout as NodeJS.ReadableStream, "data");
    expect(() => sinkTo("http://127.0.0.1:9/", { spool: { path } })).toThrow(
      expect.objectContaining({ code: "LOOPS_FILE_OWNED", message: expect.stringContaining(`process ${owner.pid}`) }),
    );
    owner.kill("SIGKILL");
    await once(owner, "exit");
    expect(existsSync(join(path, "lock"))).toBe(true);
    const start = String(Date.now() + 700);
    const takers = Array.from({ length: 6 }, () => startChild("lock-taker.mjs", [path, start]));
    const said = await Promise.all(
      takers.map(async ({ stdout }) => String(await once(stdout as NodeJS.ReadableStream, "data"))),
    );
    expect(said.sort()).toEqual([...Array(5).fill("LOOPS_FILE_OWNED\n"), "taken\n"]);
  });
});

describe("a spool", () => {
  it("belongs to one sink at a time, and is free when that is closed", async () => {
    const path = join(temporaryFolder(), "spool");
    const first = sinkTo("http://127.0.0.1:9/", { spool: { path } });
    const second = () => sinkTo("http://127.0.0.1:9/", { spool: { path } });
    expect(second).toThrow("in use by another sink (in this process)");
    await first.bus.close({ timeoutMs: 0 });
    expect(second).not.toThrow();
  });

  it("of another host is not taken, since nobody here can tell whether its owner lives", async () => {
    const path = join(temporaryFolder(), "spool");
    const first = sinkTo("http://127.0.0.1:9/", { spool: { path } });
    await first.bus.close({ timeoutMs: 0 });
    writeFileSync(join(path, "lock"), '{"pid":1,"host":"elsewhere.invalid","start_time":null,"boot_id":null}\n');
    expect(() => sinkTo("http://127.0.0.1:9/", { spool: { path } })).toThrow("process 1 on host elsewhere.invalid");
    writeFileSync(join(path, "lock"), '{"pid":1,"ho');
    expect(() => sinkTo("http://127.0.0.1:9/", { spool: { path } })).not.toThrow();
  });

  it("is rid of what processes left that died while they took its lock", () => {
    const path = temporaryFolder();
    const left = join(path, "lock.0123456789abcdef.tmp");
    writeFileSync(left, '{"pid":4000000,"host":"HOST","start_time":null,"boot_id":null}\n'.replace("HOST", hostname()));
    sinkTo("http://127.0.0.1:9/", { spool: { path } });
    expect(existsSync(left)).toBe(false);
  });
});

describe("a worker thread with a spool", () => {
  // Elsewhere nothing tells whether a thread has ended.
  it.runIf(process.platform === "linux")("that is terminated is succeeded at once, in the same process", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    target.answer(() => 503);
    const script = new URL("./fixtures/spool-worker.mjs", import.meta.url);
    const worker = new Worker(script, { workerData: { url: target.url, path } });
    atEnd(() => worker.terminate());
    await once(worker, "message");
    expect(() => sinkTo(target.url, { spool: { path } })).toThrow("in use by another sink (in this process, another");
    await worker.terminate();
    expect(existsSync(join(path, "lock"))).toBe(true);
    target.answer(() => 204);
    // The system may take a moment to forget the thread.
    const { bus } = await eventually(() => sinkTo(target.url, { spool: { path } }));
    expect((await bus.close()).ok).toBe(true);
    expect(numbersOf(target.events())).toEqual([1]);
    expect(existsSync(join(path, "lock"))).toBe(false);
  });
});

describe("a process that just ends", () => {
  it.each(["without", "with"])("W-5: is kept alive until its events are delivered, %s a spool", async (how) => {
    const path = how === "with" ? join(temporaryFolder(), "spool") : "";
    const target = await receiver();
    target.answer(() => (target.requests.length === 1 ? 503 : 204));
    const { code } = await outcomeOf(startChild("just-ends.mjs", [target.url, path, "10000"]));
    expect(code).toBe(0);
    expect(numbersOf(target.events())).toEqual([0, 1, 2]);
  });

  it("ends in time when the receiver is down; what is in its spool is delivered by the next", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    target.answer(() => 503);
    const { code, errors } = await outcomeOf(startChild("just-ends.mjs", [target.url, path, "200"]));
    expect(code).toBe(0);
    // They are not lost.
    expect(errors).toBe("");
    target.answer(() => 204);
    const { bus } = sinkTo(target.url, { spool: { path } });
    await bus.close();
    expect(numbersOf(target.events())).toEqual([0, 1, 2]);
  });
});

describe("a process that ends when neither the disk nor the receiver has taken its events", () => {
  it("says how many are lost", async () => {
    const path = temporaryFolder();
    const target = await receiver();
    target.answer(() => 503);
    const { errors } = await outcomeOf(startChild("just-ends.mjs", [target.url, path, "200", "full"]));
    // With the reason, where an attempt has failed by then.
    expect(errors).toMatch(/^\[webhook\] undelivered at exit: 3\b/m);
  });
});

describe("a process that goes on when its events were given up at its end", () => {
  it("keeps them in the spool, behind them what comes later, and never hangs", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    target.answer(() => 503);
    const { code, output } = await outcomeOf(startChild("ends-and-flushes.mjs", [target.url, path]));
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual({ received: 4, delivered: 0, dropped: {}, queued: 0, inFlight: 0, spooled: 4 });
    target.answer(() => 204);
    const { bus } = sinkTo(target.url, { spool: { path } });
    await bus.close();
    expect(numbersOf(target.events())).toEqual([0, 1, 2, 3]);
  });
});

describe("an outage at full rate", () => {
  it.each(["without", "with"])("does not fill the memory, %s a spool", { timeout: 60_000 }, async (how) => {
    const { url, close } = await receiver();
    await close();
    const path = how === "with" ? join(temporaryFolder(), "spool") : "";
    // 300,000 events of 300 bytes have no room there.
    const { code, output, errors } = await outcomeOf(
      startChild("floods.mjs", [url, path], ["--max-old-space-size=32"]),
    );
    expect({ code, errors }).toMatchObject({ code: 0 });
    const { received, dropped, queued, inFlight, spooled } = JSON.parse(output);
    expect(received).toBe(300_000);
    expect(queued + inFlight + spooled).toBeLessThanOrEqual(10_000);
    expect(dropped[how === "with" ? "spool-full" : "overflow"]).toBeGreaterThan(250_000);
  });
});
