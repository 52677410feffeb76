import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
}

/** The live page in a browser, with what a test asks of it. */
export interface LivePage {
  readonly page: Page;
  /** The state that is lit. */
  current(): Promise<string | null>;
  /** How often the way was taken, as the picture's table says. */
  edge(key: string): Promise<number>;
  counter(name: "events" | "gaps" | "missed" | "out of view"): Promise<string | null>;
  /** The text of the event stream's rows that are in sight. */
  rows(): Promise<readonly string[]>;
  status(): Promise<string | null>;
  connection(): Promise<string | null>;
  screenshot(name: string, fullPage?: boolean): Promise<void>;
  /** Problems that the browser told of: errors, and what the policy of the page forbids. */
  readonly problems: readonly string[];
  /** Hosts that were asked for anything. */
  readonly hosts: ReadonlySet<string>;
}

const wide = { width: 1440, height: 900 };
const output = fileURLToPath(new URL("../test-output/", import.meta.url));

export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<LivePage> {
  const context = await browser.newContext({ viewport: wide, reducedMotion: "reduce", ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const problems: string[] = [];
  const hosts = new Set<string>();
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // That a server is away for a while is no problem of the page.
    if (message.type() === "error" && !/WebSocket connection|ERR_CONNECTION/.test(message.text())) {
      problems.push(message.text());
    }
  });
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  await page.goto(url);
  const text = (selector: string) => page.locator(selector).first().textContent();
  return {
    page,
    problems,
    hosts,
    current: () =>
      page.evaluate<string | null>(`document.querySelector('[data-current="true"]')?.dataset.state ?? null`),
    edge: async (key) => Number(await text(`[data-edge="${key}"] td:last-child`)),
    counter: (name) => text(`[data-counter="${name}"] dd`),
    rows: () => page.locator(".stream .row").allTextContents(),
    status: () => text('[data-testid="status"]'),
    connection: () => text('[data-testid="connection"]'),
    async screenshot(name, fullPage = false) {
      mkdirSync(output, { recursive: true });
      await page.screenshot({ path: `${output}${name}.png`, fullPage });
    },
  };
}

/** Waits for a condition; how long that takes is the machine's business. */
export const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 20_000, interval: 50 });
