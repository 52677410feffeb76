import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { countToThree, type Folder, folder } from "./support.js";

/** `loops watch` in a process of its own, up to the address of its page. */
async function watch(place: Folder, ...args: readonly string[]) {
  const child = place.start("watch", ...args);
  let out = "";
  child.stdout?.on("data", (chunk) => {
    out += chunk;
  });
  await expect.poll(() => out, { timeout: 10_000 }).toMatch(/http:\S+\n$/);
  const url = new URL(/http:[^\s"]+/.exec(out)?.[0] ?? "");
  const headers = { authorization: `Bearer ${url.hash.slice("#token=".length)}` };
  const history = async () => (await fetch(new URL("/history", url), { headers })).text();
  return { child, out, url, history };
}

it("watch says where its page is, shows a run that another process carries out, and ends with Ctrl-C and 0", async () => {
  const place = folder();
  place.write("count.yaml", countToThree);
  const { child, out, url, history } = await watch(place);
  expect(out).toMatch(/^Live page: http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{22}\n$/);
  expect(await (await fetch(url)).text()).toContain("<title>loops</title>");
  expect((await place.loops("run", "count.yaml", "-q")).code).toBe(0);
  await expect.poll(history, { timeout: 10_000 }).toContain('"event":"loop_complete"');
  child.kill("SIGINT");
  expect(await child.ended).toEqual({ code: 0, out, err: "" });
});

it("watch --json prints one line of JSON, and a token of one's own is taken from the environment", async () => {
  const { child, out, history } = await watch(
    folder({ LOOPS_WATCH_TOKEN: "my-own-token-of-16" }),
    "--json",
    "--port",
    "0",
  );
  expect(JSON.parse(out)).toEqual({ url: expect.stringMatching(/#token=my-own-token-of-16$/) });
  expect(await history()).toContain('"events":[]');
  child.kill("SIGTERM");
  expect((await child.ended).code).toBe(0);
});

it("watch takes another port where the usual one is taken, and refuses where that port was asked for", async () => {
  const [first, second] = await Promise.all([watch(folder()), watch(folder())]);
  expect(first.url.port).not.toBe(second.url.port);
  const holder = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void holder.close());
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  const { code, out, err } = await folder().call("watch", "--port", String(port));
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(/that port is taken; choose another port.*LOOPS_USAGE/);
});

it.each([
  [["--port", "70000"], /from 0 to 65535/],
  [["--port", "x"], /from 0 to 65535/],
  [["--host", "0.0.0.0", "--no-token"], /without a token only this machine may read/],
  [["--host", "203.0.113.7"], /cannot listen on 203.0.113.7.*an address of this machine/],
  [["--dir", "nowhere"], /there is no directory nowhere/],
  [["--base", ""], /directory must name one/],
])("watch %j: one clear error, exit code 2", async (args, message) => {
  const { code, out, err } = await folder().call("watch", ...args);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(message);
});

it("watch shows runs that were archived before it began", async () => {
  const place = folder();
  place.write("count.yaml", countToThree);
  await place.call("run", "count.yaml", "-q");
  await place.call("run", "count.yaml", "-q");
  mkdirSync(join(place.path, ".loops", ".history", ".half"));
  const { history } = await watch(place, "--port", "0");
  const starts = async () => (await history()).match(/"event":"loop_start"/g)?.length;
  await expect.poll(starts, { timeout: 10_000 }).toBe(2);
});
