import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type DirectoryFeed, followSockets, type SourcedItem } from "../../src/client/node/follow-sockets.js";
import { entry, hello, ScriptedServer, say } from "./scripted-server.js";

let folder: string;
const servers: ScriptedServer[] = [];
const options = { scanIntervalMs: 10, retry: { baseMs: 1, maxMs: 5 } };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "loops-directory-"));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function serve(name: string, from: number, count = 1): Promise<ScriptedServer> {
  const entries = Array.from({ length: count }, (_, n) => entry(from + n));
  const server = new ScriptedServer(join(folder, name), (socket) => say(socket, hello("e:0"), ...entries));
  servers.push(server);
  return server.start();
}

async function readUntil(feed: DirectoryFeed, enough: (items: readonly SourcedItem[]) => boolean) {
  const items: SourcedItem[] = [];
  while (!enough(items)) {
    const { done, value } = await feed.next();
    if (done === true) break;
    items.push(value);
  }
  return items;
}

const heard = (items: readonly SourcedItem[]) =>
  items.flatMap((item) =>
    item.type === "event" ? [`${item.source.slice(folder.length + 1)} ${item.event["n"]}`] : [],
  );

it("follows every socket of a directory, and those that come later", async () => {
  await writeFile(join(folder, "notes.txt"), "not a socket");
  await Promise.all([serve("one.sock", 1), serve("two.sock", 2)]);
  const feed = followSockets({ directory: folder, ...options });
  expect(heard(await readUntil(feed, (items) => heard(items).length === 2)).sort()).toEqual([
    "one.sock 1",
    "two.sock 2",
  ]);
  await serve("three.sock", 3);
  expect(heard(await readUntil(feed, (items) => heard(items).length === 1))).toEqual(["three.sock 3"]);
  expect(feed.sources).toHaveLength(3);
  feed.close();
  for (const server of servers) await expect.poll(() => server.sockets.size).toBe(0);
});

it("waits for a directory that is not there yet, and says when a socket is gone", async () => {
  const feed = followSockets({ directory: folder, ...options });
  await rm(folder, { recursive: true });
  const reading = readUntil(feed, (items) => heard(items).length === 1);
  await mkdir(folder);
  const server = await serve("one.sock", 1);
  expect(heard(await reading)).toEqual(["one.sock 1"]);
  await server.stop();
  const rest = await readUntil(feed, (items) => items.some(({ type }) => type === "left"));
  expect(rest.at(-1)).toEqual({ type: "left", source: join(folder, "one.sock") });
  feed.close();
});

it("goes on with the others while one lies there that nobody answers", async () => {
  await writeFile(join(folder, "dead.sock"), "");
  await serve("one.sock", 1);
  const feed = followSockets({ directory: folder, ...options });
  const items = await readUntil(feed, (so) => heard(so).length === 1 && so.some(({ type }) => type === "disconnected"));
  expect(items.find(({ type }) => type === "disconnected")?.source).toBe(join(folder, "dead.sock"));
  feed.close();
});

it("follows no more than it is told to at a time", async () => {
  await Promise.all([serve("one.sock", 1), serve("two.sock", 2)]);
  const feed = followSockets({ directory: folder, maxSources: 1, ...options });
  await readUntil(feed, (items) => heard(items).length === 1);
  expect(feed.sources).toEqual([join(folder, "one.sock")]);
  await servers[0]?.stop();
  expect(heard(await readUntil(feed, (items) => heard(items).length === 1))).toEqual(["two.sock 2"]);
  feed.close();
});

it("a reader that is slow gets everything, in the order of each source", async () => {
  const count = 500;
  await Promise.all([serve("one.sock", 0, count), serve("two.sock", 0, count)]);
  const feed = followSockets({ directory: folder, maxQueueItems: 7, ...options });
  const all = heard(await readUntil(feed, (items) => heard(items).length === 2 * count));
  for (const name of ["one.sock", "two.sock"]) {
    expect(all.filter((text) => text.startsWith(name))).toEqual(
      Array.from({ length: count }, (_, n) => `${name} ${n}`),
    );
  }
  feed.close();
});

it("close ends it while its reader is behind, and nothing of a source comes after its left", async () => {
  const server = await serve("one.sock", 0, 500);
  const feed = followSockets({ directory: folder, maxQueueItems: 7, ...options });
  await feed.next();
  await expect.poll(() => server.requests.length).toBe(1);
  await server.stop();
  await readUntil(feed, (items) => items.some(({ type }) => type === "left"));
  await serve("two.sock", 0, 500);
  const later = await readUntil(feed, (items) => heard(items).length === 1);
  expect(later.filter(({ source }) => source.endsWith("one.sock"))).toEqual([]);
  // Its queue is full by now, or soon.
  await new Promise((resolve) => setTimeout(resolve, 30));
  feed.close();
  expect(await feed.next()).toEqual({ done: true, value: undefined });
  await expect.poll(() => servers.at(-1)?.sockets.size).toBe(0);
});

it("its signal ends it while it waits", async () => {
  const abort = new AbortController();
  const feed = followSockets({ directory: folder, signal: abort.signal, ...options });
  const waiting = feed.next();
  abort.abort();
  expect(await waiting).toEqual({ done: true, value: undefined });
});

it.each([
  [{ directory: "" }, /directory must name one/],
  [{ directory: "x", filterr: "a" }, /did you mean filter/],
  [{ directory: "x", scanIntervalMs: 0 }, /scanIntervalMs/],
])("refuses %j at once", (given, message) => {
  expect(() => followSockets(given as never)).toThrow(message);
});
