import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { countToThree, type Folder, folder, log, waits } from "./support.js";

const outer = `name: outer
initial: nested
states:
  nested: {loop: waits, on_success: last, on_failure: failed}
  last: {action: echo last >> log.txt, next: done}
  done: {terminal: true}
  failed: {terminal: true}
`;
const soon = { timeout: 15_000 };

/** A run whose process was killed in its first state. */
async function killedRun(place: Folder, file = "waits.yaml", store: readonly string[] = []) {
  const before = log(place).length;
  const child = place.start("run", file, "-q", ...store);
  await vi.waitFor(() => expect(log(place).length).toBeGreaterThan(before), soon);
  child.kill("SIGKILL");
  await child.ended;
}

describe.each([
  ["files", []],
  ["a database", ["--store", "runs.db"]],
])("loops work on runs in %s", (_name, store) => {
  it("goes on with a run whose process is gone, and leaves alone what a person has stopped", async () => {
    const place = folder();
    place.write("waits.yaml", waits);
    place.write("stopped.yaml", waits.replace("name: waits", "name: stopped"));
    const stopped = place.start("run", "stopped.yaml", "-q", ...store);
    await vi.waitFor(() => expect(log(place)).toEqual(["begun"]), soon);
    stopped.kill("SIGINT");
    writeFileSync(join(place.path, "go"), "");
    expect((await stopped.ended).code).toBe(130);
    rmSync(join(place.path, "go"));
    await killedRun(place, "waits.yaml", store);
    writeFileSync(join(place.path, "go"), "");
    const { code, out } = await place.call("work", "--once", ...store);
    expect(out).toMatch(/^waits \w+: taken over in wait\nwaits \w+: completed in done \(terminal\)\n$/);
    expect(code).toBe(0);
    const { out: list } = await place.call("ls", ...store);
    expect(list).toMatch(/stopped {2}interrupted/);
    expect(list).toMatch(/waits +completed/);
    expect(await place.call("work", "--once", ...store)).toMatchObject({ code: 0, out: "" });
  });

  it("ended with Ctrl-C it gives its run up after the current state, and another worker goes on with it", async () => {
    const place = folder();
    place.write("waits.yaml", waits);
    await killedRun(place, "waits.yaml", store);
    const worker = place.start("work", "--poll", "0.05", ...store);
    await vi.waitFor(() => expect(log(place)).toEqual(["begun", "begun"]), soon);
    worker.kill("SIGINT");
    writeFileSync(join(place.path, "go"), "");
    const { code, err } = await worker.ended;
    expect(err).toContain("Ending after the current states");
    expect(code).toBe(0);
    expect((await place.call("ls", ...store)).out).toMatch(/waits {2}killed {2}after/);
    expect(log(place)).toEqual(["begun", "begun"]);
    expect((await place.call("work", "--once", ...store)).code).toBe(0);
    expect(log(place)).toEqual(["begun", "begun", "after"]);
  });

  it("a loop in a loop is gone on with through its parent, and the child is never taken alone", async () => {
    const place = folder();
    place.write("outer.yaml", outer);
    place.write("waits.yaml", waits);
    await killedRun(place, "outer.yaml", ["--dir", ".", ...store]);
    writeFileSync(join(place.path, "go"), "");
    const { code, out } = await place.call("work", "--once", "--concurrency", "4", "--dir", ".", ...store);
    expect(out).toMatch(/^outer \w+: taken over in nested\nouter \w+: completed in done \(terminal\)\n$/);
    expect(code).toBe(0);
    expect(log(place)).toEqual(["begun", "begun", "after", "last"]);
  });
});

it("with --once the exit code says whether a loop failed; --json has the events of all runs, a line each", async () => {
  const place = folder();
  place.write("fails.yaml", waits.replace("name: waits", "name: fails\nmax_iterations: 1"));
  await killedRun(place, "fails.yaml");
  writeFileSync(join(place.path, "go"), "");
  const { code, out } = await place.call("work", "--once", "--json");
  expect(code).toBe(1);
  const events = out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events.at(-1)).toMatchObject({ event: "loop_complete", loop: "fails", terminated_by: "max_iterations" });
});

it("where runs are is said by the option, the variable LOOPS_STORE, or the configuration beside the directory", async () => {
  const place = folder();
  place.write("count.yaml", countToThree);
  const listed = async (...args: readonly string[]) =>
    (await place.call("ls", "--json", ...args)).out.split("\n").length - 1;
  expect((await place.call("run", "count.yaml", "-q", "--store", "sqlite:one")).code).toBe(0);
  // Nor is anything told that whoever calls it cannot change, such as that a driver is experimental.
  expect(await place.loops("ls", "--store", "sqlite:one")).toMatchObject({ code: 0, err: "" });
  vi.stubEnv("LOOPS_STORE", "two.db");
  expect((await place.call("run", "count.yaml", "-q")).code).toBe(0);
  expect([await listed(), await listed("--store", "sqlite:one")]).toEqual([1, 1]);
  expect((await place.call("show", "count")).out).toContain("completed");
  vi.unstubAllEnvs();
  expect(await listed()).toBe(0);
  place.write("loops.config.yaml", "store: two.db\n");
  expect(await listed()).toBe(1);
  expect((await place.call("tail", "count", "--no-follow")).code).toBe(0);
  expect(existsSync(join(place.path, ".loops"))).toBe(false);

  place.write("loops.config.yaml", "store: [two.db]\n");
  expect(await place.call("ls")).toMatchObject({ code: 2, err: expect.stringContaining("store must be a text") });
  place.write("loops.config.yaml", "");
  expect(await place.call("ls", "--store", "two")).toMatchObject({
    code: 2,
    err: expect.stringContaining("sqlite:<path>"),
  });
});
