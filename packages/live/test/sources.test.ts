import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBus, type LoopEvent } from "@loops/core";
import { memoryStore, parseLoop, runLoop } from "@loops/fsm";
import { type LiveFeed, liveFeed, socketSource, storeSource } from "@loops/live";
import { socketTransport } from "@loops/socket";
import { describe, expect, it, onTestFinished } from "vitest";
import { loopFolder } from "./loops.js";

const quick = { pollMs: 20, listMs: 40 };
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 10_000, interval: 20 });

/** The events of the log, without the frames that are the feed's own. */
const events = (feed: LiveFeed): readonly LoopEvent[] =>
  feed.log
    .query()
    .events.map((entry) => entry.event)
    .filter(({ event }) => event !== "state_change");
const ids = (list: readonly LoopEvent[]) => list.map(({ id }) => id);

const short = (name: string) => `name: ${name}
initial: a
states:
  a: { action: "echo ${name}", next: b }
  b: { terminal: true }
`;

describe("a store as the source", () => {
  it("gives what was before and what comes, each event once, in the order of the run", async () => {
    const place = loopFolder();
    const { ended } = place.run();
    place.let(1, "no");
    const feed = liveFeed();
    const source = storeSource(feed, place.store, quick);
    onTestFinished(() => source.close());
    await eventually(() => events(feed).length).toBeGreaterThan(3);
    place.let(3, "no");
    place.let(5, "yes");
    const { run_id } = await ended;
    await eventually(() => feed.run(run_id)?.status).toBe("completed");
    const own = events(feed).filter((event) => event["run_id"] === run_id);
    expect(ids(own)).toEqual(ids(await place.store.readEvents("fix-types", run_id)));
  });

  it("has the definition of a run before its events, and where it stands after them", async () => {
    const place = loopFolder();
    const { run_id } = await place.run(short("one")).ended;
    const feed = liveFeed();
    const source = storeSource(feed, place.store, quick);
    onTestFinished(() => source.close());
    await source.catchUp();
    const [first] = feed.log.query().events;
    expect(first?.event).toMatchObject({ event: "state_change", run_id, definition: { initial: "a" } });
    expect(feed.run(run_id)).toMatchObject({ status: "completed", current_state: "b", edges: { "a->b": 1 } });
  });

  it("finds child runs that ended and were archived before anybody looked", async () => {
    const place = loopFolder();
    place.let(1, "yes");
    const feed = liveFeed();
    const { run_id } = await place.run().ended;
    expect((await place.store.list()).runs).toHaveLength(1);
    const source = storeSource(feed, place.store, quick);
    onTestFinished(() => source.close());
    await eventually(() => feed.snapshot().map((frame) => [frame["loop"], frame["parent_run_id"]])).toEqual([
      ["fix-types", null],
      ["lint", run_id],
    ]);
  });

  it("shows archived runs of the loops that are named, the latest of them", async () => {
    const place = loopFolder();
    const runs: string[] = [];
    for (let count = 0; count < 3; count++) {
      const { run_id } = await place.run(short("old")).ended;
      await place.store.archive(run_id);
      runs.push(run_id);
    }
    const feed = liveFeed();
    const source = storeSource(feed, place.store, { ...quick, loops: ["old"], maxEnded: 2 });
    onTestFinished(() => source.close());
    await source.catchUp();
    expect(feed.snapshot().map((frame) => frame["run_id"])).toEqual(runs.slice(1));
  });

  it("finds a run that began, ended and was archived between two looks with the next run of its loop", async () => {
    const place = loopFolder();
    const feed = liveFeed();
    const source = storeSource(feed, place.store, { pollMs: 60_000, listMs: 1 });
    onTestFinished(() => source.close());
    await source.catchUp();
    const first = await place.run(short("often")).ended;
    const second = await place.run(short("often")).ended;
    await source.catchUp();
    expect(feed.snapshot().map((frame) => frame["run_id"])).toEqual([first.run_id, second.run_id]);
  });

  it("shows the others when the history of one loop cannot be read", async () => {
    const { store, run } = loopFolder();
    const { run_id } = await run(short("one")).ended;
    const told: string[] = [];
    const feed = liveFeed();
    const onError = (error: unknown) => told.push((error as Error).message);
    const source = storeSource(feed, store, { ...quick, loops: [".no-name"], onError });
    onTestFinished(() => source.close());
    await source.catchUp();
    expect(told).toHaveLength(1);
    expect(feed.run(run_id)?.status).toBe("completed");
  });

  it("a run whose events cannot be read for a while hides no other, and of none is anything lost", async () => {
    const place = loopFolder();
    const [good, bad] = [await place.run(short("good")).ended, await place.run(short("bad")).ended];
    const told: string[] = [];
    let broken = true;
    const store: typeof place.store = {
      ...place.store,
      readEvents(loop, runId, after) {
        if (broken && runId === bad.run_id) throw new Error("bad sector");
        return place.store.readEvents(loop, runId, after);
      },
    };
    const feed = liveFeed();
    const onError = (error: unknown) => told.push((error as Error).message);
    const source = storeSource(feed, store, { ...quick, onError });
    onTestFinished(() => source.close());
    for (let turn = 0; turn < 3; turn++) await source.catchUp();
    const stored = await place.store.readEvents("good", good.run_id);
    expect(ids(events(feed))).toEqual(ids(stored));
    // Its state is known none the less.
    await eventually(() => feed.run(bad.run_id)?.status).toBe("completed");
    expect(new Set(told)).toEqual(new Set(["bad sector"]));
    broken = false;
    const later = await place.store.readEvents("bad", bad.run_id);
    await eventually(() => ids(events(feed))).toEqual(ids([...stored, ...later]));
  });

  it("says of a run that it cannot be read, once, and shows the others", async () => {
    const place = loopFolder();
    await place.run(short("good")).ended;
    await place.run(short("bad")).ended;
    writeFileSync(join(place.dir, ".running", "bad.state.json"), "{ torn");
    const told: string[] = [];
    const feed = liveFeed();
    const onError = (error: unknown) => told.push((error as Error).message);
    const source = storeSource(feed, place.store, { pollMs: 1, listMs: 1, onError });
    await eventually(() => feed.snapshot().map((frame) => frame["loop"])).toEqual(["good"]);
    for (let turn = 0; turn < 3; turn++) await source.catchUp();
    await source.close();
    expect(told).toEqual([expect.stringContaining("bad.state.json")]);
  });

  it("looks for children no more often than the share of the time that looking may take", async () => {
    const run = { run_id: "P", loop_name: "p", status: "running", started_at: "2026-01-01T00:00:00.000Z" };
    const definition = { initial: "a", states: { a: { loop: "child" } } };
    let [lists, looks] = [0, 0];
    const store = {
      async list() {
        lists++;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return { runs: [{ ...run, definition }], corrupt: [] };
      },
      history: () => ({ runs: [], corrupt: [] }),
      isOwned: () => true,
      readEvents() {
        looks++;
        return [];
      },
    };
    const source = storeSource(liveFeed(), store, { pollMs: 1, listMs: 1 });
    onTestFinished(() => source.close());
    await eventually(() => looks).toBeGreaterThan(30);
    // Two seconds after the first, that is: nineteen times as long as it took.
    expect(lists).toBeLessThan(4);
  });

  it("knows of a run that has just begun, when it is asked to catch up", async () => {
    const place = loopFolder();
    const feed = liveFeed();
    const source = storeSource(feed, place.store, { pollMs: 60_000, listMs: 60_000 });
    onTestFinished(() => source.close());
    await source.catchUp();
    const { run_id } = await place.run(short("one")).ended;
    await source.catchUp();
    expect(ids(events(feed))).toEqual(ids(await place.store.readEvents("one", run_id)));
  });

  it("tells when the process of a run is gone, and when it is gone on with", async () => {
    const place = loopFolder();
    const store = { ...place.store, isOwned: async (id: string) => owned && place.store.isOwned(id) };
    let owned = true;
    const { ended } = place.run();
    const feed = liveFeed();
    const source = storeSource(feed, store, quick);
    onTestFinished(() => source.close());
    const alive = () => feed.snapshot().map((frame) => frame["alive"]);
    await eventually(alive).toEqual([true]);
    owned = false;
    await eventually(alive).toEqual([false]);
    owned = true;
    place.let(1, "yes");
    const { run_id } = await ended;
    await eventually(() => feed.run(run_id)?.status).toBe("completed");
  });

  it("tells why a store cannot be read, at a bounded rate, and goes on once it can", async () => {
    const { store, run } = loopFolder();
    let broken = true;
    const list = () => {
      if (broken) throw new Error("disk on fire");
      return store.list();
    };
    const told: unknown[] = [];
    const feed = liveFeed();
    const onError = (error: unknown) => told.push((error as Error).message);
    const source = storeSource(feed, { ...store, list }, { ...quick, onError });
    onTestFinished(() => source.close());
    for (let turn = 0; turn < 20; turn++) await source.catchUp();
    expect(told).toEqual(["disk on fire"]);
    broken = false;
    await run(short("one")).ended;
    await eventually(() => events(feed).length).toBeGreaterThan(3);
  });

  it("asks for nothing any more once it is closed", async () => {
    const store = memoryStore();
    let asked = 0;
    const list = () => {
      asked++;
      return store.list();
    };
    const source = storeSource(liveFeed(), { ...store, list }, { pollMs: 1, listMs: 1 });
    await eventually(() => asked).toBeGreaterThan(1);
    await source.close();
    const then = asked;
    await source.catchUp();
    expect(asked).toBe(then);
  });
});

it.each([
  ["no store", [{}, {}], /list of the store must be a function/],
  ["texts that are none", [memoryStore(), { loops: "fix" }], /loops must be a list of texts/],
  ["an onError that nobody can call", [memoryStore(), { onError: 3 }], /onError must be a function/],
  ["parts of a millisecond", [memoryStore(), { pollMs: 0.5 }], /pollMs must be whole and at least 1/],
])("refuses %s", (_, [store, options], message) => {
  const make = () => storeSource(liveFeed(), store as ReturnType<typeof memoryStore>, options as object);
  expect(make).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringMatching(message) }));
});

describe("sockets as the source", () => {
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), "loops-live-"));
    onTestFinished(() => rmSync(path, { recursive: true, force: true }));
    return path;
  };

  it("gives the events of every program that listens in the directory, those of other kinds too", async () => {
    const directory = folder();
    const feed = liveFeed();
    const source = socketSource(feed, directory);
    onTestFinished(() => source.close());
    const buses = ["one", "two"].map((name) => {
      const bus = createBus();
      bus.addTransport(socketTransport({ path: join(directory, `${name}.sock`) }));
      onTestFinished(async () => void (await bus.close()));
      return bus;
    });
    // An event that nobody follows yet is nobody's: they are told until both are heard.
    const heard = () => new Set(events(feed).map((event) => event["bus"]));
    await eventually(() => {
      for (const [bus, one] of buses.entries()) one.emit({ event: "issue.closed", bus });
      return heard().size;
    }).toBe(2);
  });

  it("beside a store: each event once, and in the order of the run, however late the socket was found", async () => {
    const directory = folder();
    const store = memoryStore();
    const bus = createBus();
    bus.addTransport(socketTransport({ path: join(directory, "run.sock") }));
    onTestFinished(async () => void (await bus.close()));
    const feed = liveFeed();
    const runs = storeSource(feed, store, { pollMs: 30, listMs: 30 });
    const sockets = socketSource(feed, directory, { before: runs.catchUp });
    onTestFinished(async () => void (await Promise.all([sockets.close(), runs.close()])));
    const definition = parseLoop(`name: busy
initial: a
max_iterations: 25
states:
  a: { action: "sleep 0.01", on_yes: a, on_no: b }
  b: { terminal: true }
`).definition;
    const { run_id } = await runLoop({ definition, store, bus });
    await eventually(() => feed.run(run_id)?.phase).toBe("ended");
    expect(ids(events(feed))).toEqual(ids(await store.readEvents("busy", run_id)));
  });
});
