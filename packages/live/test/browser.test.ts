import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { liveFeed, storeSource } from "@loops/live";
import type { Browser, Route } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { requireProgram } from "../../../scripts/services/require-program.js";
import { eventually, launch, open } from "./browser-page.js";
import { type LoopFolder, loopFolder } from "./loops.js";
import { serve, stamped } from "./serve.js";

const executablePath = await requireProgram("chromium", "the live page in a browser");

/** A project whose runs are shown, in this process. */
async function watched(place: LoopFolder) {
  const feed = liveFeed();
  const runs = storeSource(feed, place.store, { pollMs: 50, listMs: 100 });
  onTestFinished(() => runs.close());
  return serve(feed);
}

describe.skipIf(executablePath === undefined)("the live page in Chromium", { timeout: 60_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(executablePath ?? "");
  }, 60_000);
  afterAll(() => browser?.close());

  it("shows a running loop at once, and goes on with it: the current state lit, ways counted, steps timed", async () => {
    const place = loopFolder();
    const { url } = await watched(place);
    const { ended } = place.run();
    const live = await open(browser, url);
    await eventually(live.current).toBe("check");
    expect(live.page.url()).not.toContain("token");
    for (const iteration of [1, 3]) place.let(iteration, "no");
    await eventually(() => live.edge("fix->check")).toBe(2);
    expect(await live.edge("check->fix")).toBe(2);
    expect(await live.edge("check->review")).toBe(0);
    await eventually(live.current).toBe("check");
    expect(await live.status()).toBe("running");
    await eventually(() => live.page.locator(".timeline .row").allTextContents()).toHaveLength(5);
    const [first = ""] = await live.page.locator(".timeline .row").allTextContents();
    expect(first).toMatch(/^1\d\d:\d\d:\d\dcheckuntil .*\d+ m?s.*no→ fix$/);
    await live.screenshot("wide-light");

    place.let(5, "yes");
    expect((await ended).status).toBe("completed");
    await eventually(live.status).toBe("completed");
    expect(await live.current()).toBe("done");
    // The child loop stands below its parent.
    const runs = live.page.locator('[role="treeitem"]');
    await eventually(() => runs.count()).toBe(2);
    expect(await runs.nth(1).getAttribute("aria-level")).toBe("2");
    expect(await runs.nth(1).textContent()).toContain("lint");
    const events = (await place.store.readEvents("fix-types", (await ended).run_id)).length;
    await eventually(async () => Number(await live.counter("events"))).toBeGreaterThan(events);
    expect(live.problems).toEqual([]);
    expect([...live.hosts]).toEqual([new URL(url).host]);
  });

  it("reloads without the token in its address, in the colours that were chosen, and not without the token", async () => {
    const server = await serve(liveFeed());
    const live = await open(browser, server.url, { colorScheme: "light" });
    await eventually(live.connection).toBe("live");
    const ground = () => live.page.evaluate("getComputedStyle(document.body).backgroundColor");
    const light = await ground();
    await live.page.getByRole("radio", { name: "dark" }).check();
    await eventually(ground).not.toBe(light);
    const dark = await ground();
    await live.page.reload();
    await eventually(live.connection).toBe("live");
    expect(await ground()).toBe(dark);
    await live.page.getByRole("radio", { name: "system" }).check();
    await eventually(ground).toBe(light);
    const stranger = await open(browser, server.url.replace(/#.*/, ""));
    await eventually(stranger.connection).toBe("refused");
    expect(await stranger.page.getByRole("alert").textContent()).toContain("needs the token");
    // The right address, opened where the page is already.
    await stranger.page.evaluate(`location.assign(${JSON.stringify(server.url)})`);
    await eventually(stranger.connection).toBe("live");
    expect(stranger.page.url()).not.toContain("token");
  });

  describe("when its server is killed", () => {
    const children: ChildProcess[] = [];
    afterAll(() => {
      for (const child of children) child.kill("SIGKILL");
    });
    const token = "a-token-of-this-test";

    async function start(dir: string, port = "0") {
      const script = fileURLToPath(new URL("fixtures/live-process.mjs", import.meta.url));
      const child = spawn(process.execPath, [script, dir, port, token], { stdio: ["ignore", "pipe", "inherit"] });
      children.push(child);
      const [line] = await once(child.stdout, "data");
      return {
        port: String(line).trim(),
        async kill() {
          const closed = once(child, "close");
          child.kill("SIGKILL");
          await closed;
        },
      };
    }

    it("it says so, comes back by itself, and has no hole and no double", async () => {
      const place = loopFolder();
      const { ended } = place.run();
      const first = await start(place.dir);
      const live = await open(browser, `http://127.0.0.1:${first.port}/#token=${token}`);
      place.let(1, "no");
      await eventually(() => live.edge("fix->check")).toBe(1);

      await first.kill();
      await eventually(live.connection).toContain("reconnecting");
      await live.screenshot("reconnecting");
      for (const iteration of [3, 5]) place.let(iteration, "no");
      await eventually(async () => (await place.store.find("fix-types"))?.iteration).toBe(7);
      await start(place.dir, first.port);
      await eventually(live.connection).toBe("live");
      await eventually(() => live.edge("fix->check")).toBe(3);
      expect(await live.edge("check->fix")).toBe(3);

      place.let(7, "yes");
      const { run_id } = await ended;
      await eventually(live.status).toBe("completed");
      const [child] = (await place.store.history("lint")).runs;
      const committed = await place.store.readEvents("fix-types", run_id);
      const below = await place.store.readEvents("lint", child?.run_id ?? "");
      await eventually(async () => Number(await live.counter("events"))).toBe(committed.length + below.length);
      // It began anew, has everything again, and so nothing is missing.
      expect([await live.counter("gaps"), await live.counter("missed")]).toEqual(["0", "0"]);
      expect(await live.page.locator(".timeline .row").count()).toBe(8);
      expect(live.problems).toEqual([]);
    });
  });

  it("says how many events are missing, in their place, when the log has let go of them meanwhile", async () => {
    const feed = liveFeed({ maxEntries: 20 });
    const first = await serve(feed, { token: "a-token-of-this-test" });
    const live = await open(browser, first.url);
    feed.hear(stamped("before"));
    await eventually(live.rows).toHaveLength(1);
    await first.close();
    await eventually(live.connection).toContain("reconnecting");
    for (let count = 0; count < 100; count++) feed.hear(stamped("while_away"));
    await serve(feed, { token: "a-token-of-this-test", port: first.address.port });
    await eventually(() => live.counter("missed")).toBe("80");
    await eventually(() => live.counter("events")).toBe("21");
    await live.page.getByRole("listbox", { name: "Events" }).press("Home");
    await eventually(live.rows).toContain("80 events are missing here");
    expect((await live.rows()).slice(0, 3)).toEqual([
      expect.stringContaining("before"),
      "80 events are missing here",
      expect.stringContaining("while_away"),
    ]);
    await live.screenshot("gap");
  });

  it("says how many are missing also when the log lets go of them while the page reads its history", async () => {
    const feed = liveFeed({ maxEntries: 1100 });
    const { url } = await serve(feed);
    for (let count = 0; count < 1100; count++) feed.hear(stamped("before"));
    const live = await open(browser, "about:blank");
    // Between the first page of the history and the next.
    const letGo = async (route: Route) => {
      for (let count = 0; count < 2000; count++) feed.hear(stamped("meanwhile"));
      await route.continue();
    };
    await live.page.route("**/history?*since=*", letGo, { times: 1 });
    await live.page.goto(url);
    await eventually(() => live.counter("missed")).toBe("1,000");
    await eventually(() => live.counter("events")).toBe("2,100");
  });
});
