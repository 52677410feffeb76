import {
  appendFileSync,
  cpSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isLoopsError } from "@loops/core";
import { describe, expect, it } from "vitest";
import type { DeadLetter } from "../src/index.js";
import { segmentsOf, temporaryFolder } from "./folder.js";
import { eventually, numbersOf, receiver, type Sink, sinkTo, upTo } from "./sink.js";

const everyLine = (spool: string) =>
  segmentsOf(spool).flatMap((path) => readFileSync(path, "utf8").trimEnd().split("\n").filter(Boolean));

describe("a spool", () => {
  it("has an event on disk when emit returns", async () => {
    const path = join(temporaryFolder(), "spool");
    const { emit, stats } = sinkTo("http://127.0.0.1:9/", { spool: { path }, flushIntervalMs: 60_000 });
    for (let n = 0; n < 5; n++) {
      emit(1, n);
      expect(everyLine(path).map((line) => JSON.parse(line).n)).toEqual(upTo(n + 1));
    }
    expect(stats()).toMatchObject({ received: 5, queued: 5, spooled: 0 });
    expect(statSync(segmentsOf(path)[0] ?? "").mode & 0o777).toBe(0o600);
  });

  it("W-14: keeps what close could not deliver, and the next sink delivers it first, in order", async () => {
    const path = join(temporaryFolder(), "spool");
    const down = await receiver();
    down.answer(() => 503);
    const first = sinkTo(down.url, { spool: { path }, maxBatchItems: 10 });
    first.emit(95);
    await first.bus.close({ timeoutMs: 50 });
    expect(first.stats()).toMatchObject({ received: 95, delivered: 0, dropped: {}, spooled: 95 });

    const up = await receiver();
    const second = sinkTo(up.url, { spool: { path }, maxBatchItems: 10 });
    second.emit(5, 95);
    expect((await second.bus.close()).ok).toBe(true);
    expect(numbersOf(up.events())).toEqual(upTo(100));
    // What was found counts as received.
    expect(second.stats()).toMatchObject({ received: 100, delivered: 100, spooled: 0 });
    expect(segmentsOf(path)).toEqual([]);
  });

  it("delivers what it finds without any further event", async () => {
    const path = join(temporaryFolder(), "spool");
    const first = sinkTo("http://127.0.0.1:9/", { spool: { path } });
    first.emit(3);
    await first.bus.close({ timeoutMs: 10 });
    const up = await receiver();
    sinkTo(up.url, { spool: { path } });
    await eventually(() => expect(numbersOf(up.events())).toEqual([0, 1, 2]));
  });

  it("never gives up by itself: an outage of any length costs nothing, and memory holds two batches", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    target.answer(() => 503);
    const { bus, emit, stats } = sinkTo(target.url, { spool: { path }, maxBatchItems: 20 });
    emit(500);
    await eventually(() => expect(target.requests.length).toBeGreaterThan(20));
    emit(500, 500);
    const { queued, inFlight, spooled, dropped } = stats();
    expect(queued + inFlight).toBeLessThanOrEqual(40);
    expect(spooled).toBeGreaterThanOrEqual(960);
    expect(dropped).toEqual({});
    target.answer(() => 204);
    expect((await bus.close()).ok).toBe(true);
    expect(numbersOf(target.events())).toEqual(upTo(1000));
  });

  it("gives up where maxRetries says so: then they are dead letters, and gone from the spool", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    target.answer(() => (target.requests.length <= 2 ? 503 : 204));
    const letters: DeadLetter[] = [];
    const { bus, emit, stats } = sinkTo(target.url, {
      spool: { path },
      maxRetries: 1,
      maxBatchItems: 2,
      onDeadLetter: (letter) => letters.push(letter),
    });
    emit(4);
    await bus.close();
    expect(numbersOf(target.events())).toEqual([2, 3]);
    expect(letters.map(({ events }) => numbersOf(events))).toEqual([[0, 1]]);
    expect(stats()).toMatchObject({ delivered: 2, dropped: { "dead-letter": 2 }, spooled: 0 });
    expect(segmentsOf(path)).toEqual([]);
  });

  it.each([401, 403, 410])("loses nothing when %i stops the sink: the next one goes on", async (status) => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    target.answer(() => status);
    const first = sinkTo(target.url, { spool: { path }, maxBatchItems: 2 });
    first.emit(5);
    expect((await first.bus.flush()).sinks[0]?.error).toMatchObject({ code: "LOOPS_FLUSH_INCOMPLETE" });
    first.emit(5, 5);
    await first.bus.close();
    expect(target.requests).toHaveLength(1);
    expect(first.stats()).toMatchObject({ received: 10, delivered: 0, dropped: {}, spooled: 10 });
    target.answer(() => 204);
    const second = sinkTo(target.url, { spool: { path }, maxBatchItems: 2 });
    expect((await second.bus.close()).ok).toBe(true);
    expect(numbersOf(target.events())).toEqual(upTo(10));
  });

  it("is bounded: what does not fit is dropped as spool-full, and there is room again after the outage", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    target.answer(() => 503);
    const { bus, emit, stats, errors } = sinkTo(target.url, { spool: { path, maxBytes: 20_000 }, maxBatchItems: 10 });
    emit(1000);
    const { dropped } = stats();
    const fits = 1000 - (dropped["spool-full"] ?? 0);
    expect(fits).toBeGreaterThan(150);
    expect(segmentsOf(path).reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThanOrEqual(20_000);
    target.answer(() => 204);
    await bus.flush();
    expect(numbersOf(target.events())).toEqual(upTo(fits));
    emit(100, 1000);
    await bus.close();
    expect(numbersOf(target.events())).toEqual([...upTo(fits), ...upTo(100, 1000)]);
    expect(errors.filter((error) => isLoopsError(error, "LOOPS_OVERFLOW"))).not.toEqual([]);
  });

  it("removes files as soon as all in them is settled", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    const { bus, emit } = sinkTo(target.url, { spool: { path, maxBytes: 40_000 }, maxBatchItems: 20 });
    for (let round = 0; round < 10; round++) {
      emit(200, round * 200);
      expect((await bus.flush()).ok).toBe(true);
      expect(segmentsOf(path).length).toBeLessThanOrEqual(1);
    }
    expect(numbersOf(target.events())).toEqual(upTo(2000));
    await bus.close();
    expect(segmentsOf(path)).toEqual([]);
  });

  it("carries events that a disk cannot take, as without a spool", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    const { bus, emit, stats, errors } = sinkTo(target.url, { spool: { path }, maxBatchItems: 10 });
    // A disk that is full.
    symlinkSync("/dev/full", join(path, "0000000000000000.jsonl"));
    emit(25);
    expect(stats()).toMatchObject({ received: 25, dropped: { "spool-failed": 5 } });
    await bus.close();
    expect(numbersOf(target.events())).toEqual(upTo(20));
    expect(errors.map(String).join()).toContain("ENOSPC");
  });

  it("adds up for whoever is told of a disk that fails, or of lines that are damaged", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    const wrong: unknown[] = [];
    const told = new Set<unknown>();
    const looking = (): Sink => {
      const sink: Sink = sinkTo(target.url, {
        spool: { path },
        maxBatchItems: 10,
        onError(error) {
          told.add((error as { code?: unknown }).code);
          try {
            sink.stats();
          } catch (error) {
            wrong.push(error);
          }
        },
      });
      return sink;
    };
    const failing = looking();
    symlinkSync("/dev/full", join(path, "0000000000000000.jsonl"));
    failing.emit(25);
    await failing.bus.close();
    rmSync(join(path, "0000000000000000.jsonl"), { force: true });
    const line = '{"event":"step"}\n';
    // Behind what is read at once.
    writeFileSync(
      join(path, "0000000000000000.jsonl"),
      [...Array(25).fill(line), "no JSON\n", ...Array(5).fill(line)].join(""),
    );
    const damaged = looking();
    await damaged.bus.close();
    expect(damaged.stats()).toMatchObject({ delivered: 30, dropped: { "spool-damaged": 1 } });
    expect([...told]).toEqual(["ENOSPC", "LOOPS_SPOOL_DAMAGED"]);
    expect(wrong).toEqual([]);
  });

  it("skips a batch that transform leaves out", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    const { bus, emit, stats } = sinkTo(target.url, {
      spool: { path },
      maxBatchItems: 2,
      transform: (events) => (numbersOf(events).includes(1) ? null : [...events]),
    });
    emit(6);
    await bus.close();
    expect(numbersOf(target.events())).toEqual([2, 3, 4, 5]);
    expect(stats()).toMatchObject({ delivered: 4, dropped: { skipped: 2 }, spooled: 0 });
  });

  it("with fsync delivers all the same", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    const { bus, emit } = sinkTo(target.url, { spool: { path, fsync: true } });
    emit(5);
    expect((await bus.close()).ok).toBe(true);
    expect(numbersOf(target.events())).toEqual(upTo(5));
  });
});

describe("a crash between delivery and acknowledgement", () => {
  it("repeats that batch under the same id, however many events came after it", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    // Takes the batch, and the sink never hears of it.
    target.answer(() => () => {});
    const first = sinkTo(target.url, { spool: { path } });
    first.emit(3);
    await eventually(() => expect(target.requests).toHaveLength(1));
    first.emit(20, 3);
    const copy = `${path}-found`;
    cpSync(path, copy, { recursive: true, filter: (name) => !name.endsWith("lock") });
    target.answer(() => 204);
    const second = sinkTo(target.url, { spool: { path: copy } });
    second.emit(2, 23);
    expect((await second.bus.close()).ok).toBe(true);
    const [taken, repeated, next] = target.requests;
    expect(repeated?.id).toBe(taken?.id);
    expect(repeated?.body).toBe(taken?.body);
    expect(numbersOf(JSON.parse(next?.body ?? ""))).toEqual(upTo(22, 3));
  });
});

describe("what is found on disk", () => {
  /** A spool in which 10 events wait. */
  async function waiting() {
    const path = join(temporaryFolder(), "spool");
    const { bus, emit } = sinkTo("http://127.0.0.1:9/", { spool: { path } });
    emit(10);
    await bus.close({ timeoutMs: 10 });
    const [segment = ""] = segmentsOf(path);
    return { path, segment, lines: everyLine(path) };
  }

  async function delivered(path: string, more = 1) {
    const target = await receiver();
    const { bus, emit, stats } = sinkTo(target.url, { spool: { path } });
    emit(more, 10);
    await bus.close();
    return { numbers: numbersOf(target.events()), stats: stats() };
  }

  it("with half a line at its end: it is cut off, and swallows no other", async () => {
    const { path, segment } = await waiting();
    appendFileSync(segment, '{"event":"torn","n":');
    const { numbers, stats } = await delivered(path);
    expect(numbers).toEqual(upTo(11));
    expect(stats).toMatchObject({ received: 11, dropped: {} });
  });

  it("with a last line that lacks its line end only: it is delivered", async () => {
    const { path, segment } = await waiting();
    truncateSync(segment, statSync(segment).size - 1);
    expect((await delivered(path)).numbers).toEqual(upTo(11));
  });

  it("with lines that are no events: they are skipped and counted, wherever they are", async () => {
    const { path, segment, lines } = await waiting();
    const bad = ["not JSON", "", "[1]", "7"];
    writeFileSync(segment, [bad[0], ...lines.slice(0, 5), bad[1], bad[2], ...lines.slice(5), bad[3], ""].join("\n"));
    const { numbers, stats } = await delivered(path, 0);
    expect(numbers).toEqual(upTo(10));
    expect(stats).toMatchObject({ received: 14, delivered: 10, dropped: { "spool-damaged": 4 }, spooled: 0 });
    expect(segmentsOf(path)).toEqual([]);
  });

  it.each([
    ["missing", null],
    ["empty", ""],
    ["garbage", "x".repeat(64)],
    ["beyond the end", '{"done":999999,"taken":999999}'],
    ["in the middle of a line", '{"done":7,"taken":9}'],
    ["of a batch that ends nowhere", '{"done":0,"taken":99999}'],
  ])("with a position that is %s: nothing is lost", async (what, text) => {
    const { path } = await waiting();
    if (text === null) rmSync(join(path, "position"));
    else writeFileSync(join(path, "position"), text === "" ? "" : `${text.padEnd(63)}\n`);
    const { numbers } = await delivered(path);
    // A position that claims too much is believed: it may be right, when the file lost its end with the power.
    expect(numbers).toEqual(what === "beyond the end" ? [10] : upTo(11));
  });

  it("without the file that is being written: only what was not read yet is lost, and counted", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    target.answer(() => 503);
    const { bus, emit, stats } = sinkTo(target.url, { spool: { path }, maxBatchItems: 5 });
    emit(30);
    for (const segment of segmentsOf(path)) rmSync(segment);
    emit(10, 30);
    target.answer(() => 204);
    await bus.close();
    expect(numbersOf(target.events())).toEqual(upTo(10));
    expect(stats()).toMatchObject({ received: 40, delivered: 10, dropped: { "spool-damaged": 30 }, spooled: 0 });
  });

  it("without a file that was there: it is counted, and the others are delivered", async () => {
    const path = join(temporaryFolder(), "spool");
    const target = await receiver();
    target.answer(() => 503);
    const { bus, emit, stats } = sinkTo(target.url, { spool: { path, maxBytes: 40_000 }, maxBatchItems: 2 });
    emit(200);
    const removed = segmentsOf(path)[2] ?? "";
    const lost = readFileSync(removed, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).n);
    rmSync(removed);
    target.answer(() => 204);
    await bus.close();
    expect(numbersOf(target.events())).toEqual(upTo(200).filter((n) => !lost.includes(n)));
    expect(stats()).toMatchObject({
      delivered: 200 - lost.length,
      dropped: { "spool-damaged": lost.length },
      spooled: 0,
    });
  });
});
