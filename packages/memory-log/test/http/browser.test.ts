import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { requireProgram } from "../../../../scripts/services/require-program.js";
import { createActivityHandler } from "../../src/http.js";
import { memoryLogTransport } from "../../src/index.js";
import { serve } from "./activity-server.js";

const executablePath = await requireProgram("chromium", "EventSource in a browser");

/** What the page keeps of its EventSource. */
interface Heard {
  readonly heard: unknown[];
  readonly source: { readonly readyState: number };
}

/** Opens an EventSource in the page, as the author of a page would. */
function listen(path: string): void {
  const scope = globalThis as unknown as Heard & { EventSource: new (path: string) => EventTarget };
  const source = new scope.EventSource(path);
  const heard: unknown[] = [];
  Object.assign(scope, { source, heard });
  const data = (message: Event) => JSON.parse((message as Event & { data: string }).data);
  source.addEventListener("message", (message) => heard.push(data(message).event));
  source.addEventListener("gap", (message) => heard.push(data(message)));
  source.addEventListener("error", () => heard.push("error"));
}

const heard = (page: Page) => page.evaluate(() => (globalThis as unknown as Heard).heard);
/** What was heard, without the breaks. */
const events = async (page: Page) => (await heard(page)).filter((item) => item !== "error");
const readyState = (page: Page) => page.evaluate(() => (globalThis as unknown as Heard).source.readyState);

/** Waits for a condition; how long that takes is the machine's business. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 20_000 });

describe.skipIf(executablePath === undefined)("EventSource in Chromium", { timeout: 60_000 }, () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: executablePath ?? "",
      args: [
        ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
      ],
    });
  }, 60_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    page = await browser.newPage();
  });
  afterEach(() => page.close());

  /** A server for one log, and its page. */
  function site(port?: number, log = memoryLogTransport({ maxEntries: 5 })) {
    const activity = createActivityHandler(log, { retryMs: 50, heartbeatMs: 20 });
    const html = () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
    const answer = async (request: Request) =>
      new URL(request.url).pathname === "/activity" ? activity(request) : html();
    const emit = (...names: string[]) => {
      for (const event of names) log.append({ event, ts: "", id: event });
    };
    return { log, activity, emit, start: () => serve(answer, port) };
  }

  it("hears each event once, over a server that is killed and comes back on the same port", async () => {
    const { log, emit, start } = site();
    emit("a", "b");
    const first = await start();
    await page.goto(first.url);
    await page.evaluate(listen, "/activity");
    await eventually(() => heard(page)).toEqual(["a", "b"]);
    emit("c");
    await eventually(() => heard(page)).toEqual(["a", "b", "c"]);

    await first.kill();
    emit("while it was away");
    await eventually(() => heard(page)).toContain("error");
    const second = await site(first.port, log).start();
    emit("d");
    await eventually(() => events(page)).toEqual(["a", "b", "c", "while it was away", "d"]);

    await second.kill();
    emit("1", "2", "3", "4", "5", "6", "7");
    const third = await site(first.port, log).start();
    await expect
      .poll(() => events(page))
      .toEqual(["a", "b", "c", "while it was away", "d", { missed: 2 }, "3", "4", "5", "6", "7"]);
    await third.kill();
  });

  it("stops for good when the log is closed", async () => {
    const { log, emit, start, activity } = site();
    const server = await start();
    emit("a");
    await page.goto(server.url);
    await page.evaluate(listen, "/activity");
    await eventually(() => heard(page)).toEqual(["a"]);
    emit("b");
    log.close();
    await eventually(() => readyState(page)).toBe(2);
    expect(await events(page)).toEqual(["a", "b"]);
    expect(activity.openStreams).toBe(0);
    await server.kill();
  });

  it("leaves nothing on the server when its page is closed", async () => {
    const { start, activity } = site();
    const server = await start();
    const other = await browser.newPage();
    await other.goto(server.url);
    await other.evaluate(listen, "/activity");
    await eventually(() => activity.openStreams).toBe(1);
    await other.close();
    await eventually(() => activity.openStreams).toBe(0);
    await server.kill();
  });

  describe("of a process that is killed", () => {
    const children: ChildProcess[] = [];
    afterEach(() => {
      for (const child of children.splice(0)) child.kill("SIGKILL");
    });

    async function activityProcess(port: string) {
      const script = fileURLToPath(new URL("../fixtures/activity-process.mjs", import.meta.url));
      const child = spawn(process.execPath, [script, port], { stdio: ["pipe", "pipe", "inherit"] });
      children.push(child);
      const [line] = await once(child.stdout, "data");
      return {
        port: String(line).trim(),
        emit: (...names: string[]) => child.stdin.write(names.map((name) => `${name}\n`).join("")),
        async kill() {
          const closed = once(child, "close");
          child.kill("SIGKILL");
          await closed;
        },
      };
    }

    it("is told that its place is of another life, and goes on with that one", async () => {
      const first = await activityProcess("0");
      await page.goto(`http://127.0.0.1:${first.port}/`);
      await page.evaluate(listen, "/activity");
      first.emit("a", "b");
      await eventually(() => events(page)).toEqual(["a", "b"]);
      await first.kill();
      const second = await activityProcess(first.port);
      second.emit("c");
      await eventually(() => events(page)).toEqual(["a", "b", { missed: null }, "c"]);
      second.emit("d");
      await eventually(() => events(page)).toEqual(["a", "b", { missed: null }, "c", "d"]);
    });
  });
});
