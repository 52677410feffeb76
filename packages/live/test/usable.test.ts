import type { LoopEvent } from "@loops/core";
import { liveFeed, storeSource } from "@loops/live";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { requireProgram } from "../../../scripts/services/require-program.js";
import { eventually, launch, open } from "./browser-page.js";
import { loopFolder } from "./loops.js";
import { serve, stamped } from "./serve.js";

const executablePath = await requireProgram("chromium", "the live page by keyboard, on a phone, in the dark");

/** Two runs, of which one has ended, with a child below it, and one waits. */
async function twoRuns() {
  const place = loopFolder();
  const feed = liveFeed();
  const runs = storeSource(feed, place.store, { pollMs: 50, listMs: 100 });
  onTestFinished(() => runs.close());
  for (const iteration of [1, 3]) place.let(iteration, iteration === 1 ? "no" : "yes");
  const { run_id } = await place.run().ended;
  await runs.catchUp();
  await expect.poll(() => feed.run(run_id)?.status, { timeout: 10_000 }).toBe("completed");
  await place.store.archive(run_id);
  place.run(
    "name: waits\ninitial: wait\nstates:\n  wait: { action: sleep 600, next: done }\n  done: { terminal: true }\n",
  );
  return (await serve(feed)).url;
}

/** What has the focus, as a screen reader would begin to say it. */
const focused = (page: Page) =>
  page.evaluate<string>(`(() => {
    const element = document.activeElement;
    return element.getAttribute("role") ?? element.getAttribute("type") ?? element.tagName.toLowerCase();
  })()`);

describe.skipIf(executablePath === undefined)("the live page", { timeout: 60_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(executablePath ?? "");
  }, 60_000);
  afterAll(() => browser?.close());

  it("is used by keyboard alone: one stop for each part, arrows within it, the focus always seen", async () => {
    const live = await open(browser, await twoRuns());
    const { page } = live;
    await eventually(() => page.getByRole("treeitem").count()).toBe(3);
    await eventually(live.current).toBe("wait");
    const stops: string[] = [];
    for (let stop = 0; stop < 7; stop++) {
      await page.keyboard.press("Tab");
      stops.push(await focused(page));
      const outline = await page.evaluate<string>(`(() => {
        const element = document.activeElement;
        const seen = element.matches(".themes input") ? element.parentElement : element;
        return getComputedStyle(seen).outlineStyle;
      })()`);
      expect(outline).not.toBe("none");
    }
    expect(stops).toEqual(["radio", "treeitem", "listbox", "search", "checkbox", "button", "listbox"]);

    const tree = page.getByRole("treeitem", { selected: true });
    await tree.focus();
    await page.keyboard.press("ArrowDown");
    await eventually(live.current).toBe("done");
    expect(await focused(page)).toBe("treeitem");
    await page.keyboard.press("End");
    await eventually(() => tree.textContent()).toContain("lint");
    await page.keyboard.press("Home");
    await eventually(live.current).toBe("wait");

    const events = page.getByRole("listbox", { name: "Events" });
    await events.focus();
    await page.keyboard.press("ArrowUp");
    const chosen = events.getByRole("option", { selected: true });
    await chosen.waitFor();
    expect(await events.getAttribute("aria-activedescendant")).toBe(await chosen.getAttribute("id"));
    await eventually(() => page.locator(".stream pre").textContent()).toContain('"run_id"');
    await page.keyboard.press("Escape");
    await eventually(() => page.locator(".stream pre").count()).toBe(0);
    // From within the details, too; the list has the focus again, and goes on from there.
    for (const key of ["Escape", "Enter"]) {
      await page.keyboard.press("ArrowUp");
      await page.locator(".stream pre").waitFor();
      await page.keyboard.press("Tab");
      expect(await focused(page)).toBe("button");
      await page.keyboard.press(key);
      await eventually(() => page.locator(".stream pre").count()).toBe(0);
      expect(await focused(page)).toBe("listbox");
    }
  });

  it("fits every window from 400 pixels on, light and dark, without scrolling sideways, and can be read", async () => {
    const live = await open(browser, await twoRuns());
    const { page } = live;
    await eventually(() => page.getByRole("treeitem").count()).toBe(3);
    await page.getByRole("treeitem").nth(1).click();
    await eventually(live.status).toBe("completed");
    await eventually(async () => (await live.rows()).length).toBeGreaterThan(10);
    const windows = [
      ["wide", 1440, 900],
      ["middle", 900, 800],
      ["narrow", 400, 800],
    ] as const;
    for (const [name, width, height] of windows) {
      for (const colorScheme of ["light", "dark"] as const) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
        if (name === "wide") expect(await page.evaluate(faintTexts)).toEqual([]);
        await live.screenshot(`${name}-${colorScheme}`, width < 1160);
      }
    }
    expect(await page.evaluate(namelessControls)).toEqual([]);
    expect(live.problems).toEqual([]);
  });

  it("shows as text, and goes on, whatever names, times and definitions other programs send", async () => {
    const feed = liveFeed();
    const live = await open(browser, (await serve(feed)).url);
    const html = '<img src=x onerror="document.title=1"><script>alert(1)</script>';
    const run = { run_id: html, loop: html };
    const states = { [html]: { action: html, next: "__proto__" }, __proto: {}, odd: { route: null, action: 3 } };
    feed.see({ ...run, definition: { initial: html, states } });
    feed.hear(stamped("state_enter", { ...run, state: html, iteration: 1 }));
    for (const state of ["__proto__", "constructor", ""]) {
      feed.hear(stamped("route", { ...run, from: html, to: state }));
      feed.hear({ ...stamped("state_enter", { ...run, state, iteration: 2 }), ts: "yesterday" });
    }
    feed.hear(stamped("loop_complete", { ...run, terminated_by: "constructor" }));
    feed.hear(stamped(html, { [html]: html }));
    for (const name of [5, { a: 1 }, null]) feed.hear({ id: `${name}`, event: name, ts: name } as unknown as LoopEvent);
    await eventually(live.status).toBe("completed");
    await eventually(live.rows).toHaveLength(12);
    await eventually(() => live.page.locator(".graph .name").allTextContents()).toContain("constructor");
    expect(await live.page.locator("img").count()).toBe(0);
    expect(await live.page.locator("body").textContent()).not.toMatch(/NaN|undefined|\[object/);
    expect(live.problems).toEqual([]);
  });

  it("answers at once, however large events and definitions are", async () => {
    const feed = liveFeed();
    const live = await open(browser, (await serve(feed)).url);
    const states = Object.fromEntries(
      Array.from({ length: 2000 }, (_, at) => [
        `s${at}`,
        { on_yes: `s${(at * 7) % 2000}`, on_no: `s${(at * 13) % 2000}` },
      ]),
    );
    feed.see({ run_id: "R", loop: "large", definition: { initial: "s0", states } });
    const text = "x".repeat(1_000_000);
    for (let count = 0; count < 5; count++) feed.hear(stamped("blob", { run_id: "R", loop: text, text }));
    await eventually(() => live.counter("events")).toBe("5");
    await live.page.getByText("300 of 2,000 states are drawn").waitFor();
    const begun = performance.now();
    await live.page.getByRole("listbox", { name: "Events" }).press("End");
    await live.page.getByText("more characters").waitFor();
    expect(performance.now() - begun).toBeLessThan(5000);
    expect(await live.page.evaluate("document.body.textContent.length")).toBeLessThan(500_000);
    expect(live.problems).toEqual([]);
  });

  it("tells of a gap that a source of the server had, by name, and of how runs stand, also aloud", async () => {
    const feed = liveFeed();
    feed.hear(stamped("loop_start", { run_id: "A", loop: "mine" }));
    feed.miss("events.sock", 12);
    const live = await open(browser, (await serve(feed)).url);
    await eventually(live.rows).toContain("12 events are missing here, lost on the way from events.sock");
    const voice = live.page.getByTestId("announcement");
    expect(await voice.getAttribute("aria-live")).toBe("polite");
    await eventually(() => voice.textContent()).toBe("mine: running");
    feed.hear(stamped("state_enter", { run_id: "A", state: "wait", iteration: 1 }));
    await eventually(() => voice.textContent()).toBe("mine: state wait");
    // Its process is gone.
    feed.see({ run_id: "A", alive: false });
    await eventually(live.status).toBe("killed");
    await eventually(() => voice.textContent()).toBe("mine: killed");
  });

  it("filters by name and by run, and holds still for who reads", async () => {
    const feed = liveFeed();
    for (const run_id of ["A", "B"]) {
      feed.hear(stamped("loop_start", { run_id, loop: `loop-${run_id}` }));
      feed.hear(stamped("state_enter", { run_id, state: "one", iteration: 1 }));
      feed.hear(stamped("issue.closed", { run_id, number: 7 }));
    }
    const live = await open(browser, (await serve(feed)).url);
    const search = live.page.getByRole("searchbox");
    await eventually(live.rows).toHaveLength(6);
    await search.fill("state_*");
    await eventually(live.rows).toHaveLength(2);
    await search.fill("state_* issue.*");
    await eventually(live.rows).toHaveLength(4);
    await live.page.getByRole("treeitem", { name: "loop-A" }).click();
    await live.page.getByRole("checkbox").check();
    await eventually(live.rows).toHaveLength(2);
    await search.fill("nothing_like_it");
    await eventually(() => live.page.getByText("No event has a name like that.").count()).toBe(1);
    await search.fill("");
    await live.page.getByRole("checkbox").uncheck();

    await live.page.getByRole("button", { name: "Pause" }).click();
    for (const name of ["late", "later"]) feed.hear(stamped(name));
    const resume = live.page.getByRole("button", { name: "Resume · 2 new" });
    await resume.waitFor();
    expect(await live.rows()).toHaveLength(6);
    await resume.click();
    await eventually(live.rows).toHaveLength(8);
  });

  it("keeps thousands of events in sight's reach with only a screenful of rows, and stands at the end while they come", async () => {
    const feed = liveFeed();
    const live = await open(browser, (await serve(feed)).url);
    await eventually(live.connection).toBe("live");
    for (let count = 1; count <= 8000; count++) feed.hear(stamped("tick", { count }));
    await eventually(() => live.counter("events")).toBe("8,000");
    expect(await live.counter("out of view")).toBe("3,000");
    expect((await live.rows()).length).toBeLessThan(100);
    await eventually(async () => (await live.rows()).at(-1)).toContain('"count":8000');
    // Whoever has gone back stays there.
    const list = live.page.getByRole("listbox", { name: "Events" });
    await list.press("Home");
    await eventually(async () => (await live.rows())[0]).toContain('"count":3001');
    feed.hear(stamped("tick", { count: 8001 }));
    await eventually(() => live.counter("events")).toBe("8,001");
    expect((await live.rows())[0]).toMatch(/"count":300[12]$/);
  });
});

/** Texts with less contrast to what is behind them than WCAG 2.2 AA asks for (4.5 : 1), in the page. */
const faintTexts = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([r, g, b]) => {
    const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const box = at instanceof SVGGElement ? at.querySelector(":scope > .box, :scope > rect") : null;
      const color = rgb(box === null ? getComputedStyle(at).backgroundColor : getComputedStyle(box).fill);
      if (color[3] > 250) return color;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll("#app *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
    if (!own || element.closest(".hidden, [aria-hidden=true]")) continue;
    const style = getComputedStyle(element);
    const color = rgb(element instanceof SVGElement ? style.fill : style.color);
    const [a, b] = [luminance(color), luminance(ground(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(element.textContent + " " + element.className?.baseVal + " " + ratio.toFixed(2));
  }
  return faint;
})()`;

/** Controls that a screen reader could not name, in the page. */
const namelessControls = `[...document.querySelectorAll("button, input, [role=listbox], [role=tree], nav, section, svg[role=img]")]
  .filter((element) => {
    const label = element.closest("label")?.textContent ?? element.getAttribute("aria-label") ?? element.textContent;
    return label.trim() === "";
  })
  .map((element) => element.outerHTML.slice(0, 80))`;
