import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { type Folder, folder } from "./support.js";

/** Waits in its first state until a file is there. */
const waits = `name: waits
initial: wait
states:
  wait:
    action: echo begun >> log.txt; until [ -e go ]; do sleep 0.02; done
    next: after
  after: {action: echo after >> log.txt, next: done}
  done: {terminal: true}
`;

const waiting = { timeout: 10_000 };

const log = ({ path }: Folder) => {
  const file = join(path, "log.txt");
  return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
};

async function begin(place: Folder) {
  place.write("waits.yaml", waits);
  const child = place.start("run", "waits.yaml", "--json");
  await vi.waitFor(() => expect(log(place)).toEqual(["begun"]), waiting);
  return child;
}

it("Ctrl-C once stops after the running state; the run is resumed from there", async () => {
  const place = folder();
  const child = await begin(place);
  child.kill("SIGINT");
  place.write("go", "");
  const { code, err } = await child.ended;
  expect(code).toBe(130);
  expect(err).toContain("Stopping after this action; again to end it at once.");
  expect(err).toContain("loops resume ");
  expect((await place.loops("resume", "waits", "-q")).code).toBe(0);
  expect(log(place)).toEqual(["begun", "after"]);
});

it("Ctrl-C twice ends the running action; it is run anew by resume", async () => {
  const place = folder();
  const child = await begin(place);
  let told = "";
  child.stderr?.on("data", (chunk) => {
    told += chunk;
  });
  child.kill("SIGINT");
  await vi.waitFor(() => expect(told).toContain("again to end it at once"), waiting);
  child.kill("SIGINT");
  expect((await child.ended).code).toBe(130);
  place.write("go", "");
  expect((await place.loops("resume", "waits", "-q")).code).toBe(0);
  expect(log(place)).toEqual(["begun", "begun", "after"]);
});

it("a run that was killed is shown as killed, and resumed", async () => {
  const place = folder();
  const child = await begin(place);
  child.kill("SIGKILL");
  await child.ended;
  expect((await place.loops("ls")).out).toMatch(/waits {2}killed {2}wait/);
  place.write("go", "");
  const { code, out } = await place.loops("resume", "waits");
  expect(code).toBe(0);
  expect(out).toContain("was cut off before its result was recorded");
  expect(log(place)).toEqual(["begun", "begun", "after"]);
});

it("loops stop asks a run to stop and waits until it has; loops tail follows it to its end", async () => {
  const place = folder();
  const child = await begin(place);
  const tail = place.start("tail", "waits", "--json");
  const stop = place.start("stop", "waits");
  // Both look at a run that goes on; only then may it.
  await vi.waitFor(() => expect(existsSync(join(place.path, ".loops/.running/waits.stop"))).toBe(true), waiting);
  place.write("go", "");
  expect(await stop.ended).toMatchObject({ code: 0, out: expect.stringMatching(/^stopped /) });
  expect((await child.ended).code).toBe(130);
  const { code, out } = await tail.ended;
  expect(code).toBe(0);
  expect(out).toContain('"terminated_by":"signal"');
  expect((await place.loops("stop", "waits")).code).toBe(0);
});
