import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { type Folder, folder, log, waits } from "./support.js";

const waiting = { timeout: 10_000 };

async function begin(place: Folder) {
  place.write("waits.yaml", waits);
  const child = place.start("run", "waits.yaml", "--json");
  await vi.waitFor(() => expect(log(place)).toEqual(["begun"]), waiting);
  return child;
}

/** Sends the first Ctrl-C, and waits until the command has heard it. */
async function interrupt(child: Awaited<ReturnType<typeof begin>>) {
  let told = "";
  child.stderr?.on("data", (chunk) => {
    told += chunk;
  });
  child.kill("SIGINT");
  await vi.waitFor(() => expect(told).toContain("again to end it at once"), waiting);
}

it("Ctrl-C once stops after the running state; the run is resumed from there", async () => {
  const place = folder();
  const child = await begin(place);
  await interrupt(child);
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
  await interrupt(child);
  child.kill("SIGINT");
  expect((await child.ended).code).toBe(130);
  place.write("go", "");
  expect((await place.loops("resume", "waits", "-q")).code).toBe(0);
  expect(log(place)).toEqual(["begun", "begun", "after"]);
});

it("Ctrl-C a third time, later than a key that is held down, ends the command where it stands", async () => {
  const place = folder();
  // Heeds no signal but the last.
  place.write("waits.yaml", waits.replace("action: echo begun", "action: trap '' TERM INT; echo begun"));
  const child = place.start("run", "waits.yaml", "--json");
  await vi.waitFor(() => expect(log(place)).toEqual(["begun"]), waiting);
  child.kill("SIGINT");
  await vi.waitFor(() => {
    child.kill("SIGINT");
    expect(child.exitCode).toBe(130);
  }, waiting);
  expect((await place.call("ls")).out).toMatch(/waits {2}killed {2}wait/);
  place.write("go", "");
  expect((await place.call("resume", "waits", "-q")).code).toBe(0);
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

it("loops stop says of a run that was killed or had ended meanwhile what became of it", async () => {
  const place = folder();
  const child = await begin(place);
  const stopFile = join(place.path, ".loops/.running/waits.stop");
  const killed = place.start("stop", "waits");
  await vi.waitFor(() => expect(existsSync(stopFile)).toBe(true), waiting);
  child.kill("SIGKILL");
  expect(await killed.ended).toMatchObject({
    code: 1,
    out: "",
    err: expect.stringMatching(/^Run \w+ was killed.*Go on with: loops resume \w+\n$/),
  });
  const again = await place.call("stop", "waits");
  expect(again).toMatchObject({ code: 0, out: "", err: expect.stringMatching(/was killed.*loops resume/) });

  // Fails in the state in which it is asked, by a signal of its own.
  place.write(
    "waits.yaml",
    waits.replace("sleep 0.02; done", "sleep 0.02; done; echo FATAL_ERROR:broken").replace("echo begun", "echo second"),
  );
  const failing = place.start("run", "waits.yaml", "-q");
  await vi.waitFor(() => expect(log(place)).toContain("second"), waiting);
  const late = place.start("stop", "waits");
  await vi.waitFor(() => expect(existsSync(stopFile)).toBe(true), waiting);
  place.write("go", "");
  expect((await failing.ended).code).toBe(1);
  expect(await late.ended).toMatchObject({
    code: 0,
    out: "",
    err: expect.stringMatching(/^Run \w+ had already ended: it is failed\.\n$/),
  });

  place.write("waits.yaml", waits);
  await place.loops("run", "waits.yaml", "-q");
  expect((await place.call("stop", "waits")).err).toMatch(/No process carries out run \w+: it is completed\./);
});

it("Ctrl-C while sinks are closed waits for them no longer, and says so; the loop has ended as it has", async () => {
  const place = folder();
  place.write("a.yaml", "name: a\ninitial: a\nstates: {a: {action: echo hi, next: b}, b: {terminal: true}}\n");
  const sink = (send: string) =>
    `export const createTransport = () => ({ name: "slow", send: () => new Promise(() => ${send}), close() {} });`;
  place.write("sinks.yaml", "transports: [./sink.mjs]\n");
  const interrupted = async () => {
    const child = place.start("run", "a.yaml", "--events", "sinks.yaml");
    const said = { out: "", err: "" };
    child.stdout?.on("data", (chunk) => {
      said.out += chunk;
    });
    child.stderr?.on("data", (chunk) => {
      said.err += chunk;
    });
    await vi.waitFor(() => expect(said.out).toContain("a ended in b"), waiting);
    child.kill("SIGINT");
    await vi.waitFor(() => expect(said.err).toContain("no longer waiting for its sinks"), waiting);
    return child;
  };
  place.write("sink.mjs", sink("{}"));
  const began = performance.now();
  const once = await (await interrupted()).ended;
  // Instead of the 5 and 10 seconds that the engine and the bus have for it.
  expect(performance.now() - began).toBeLessThan(8000);
  expect(once.code).toBe(0);
  expect(once.err).toMatch(/the sink slow lost events/);
  expect(once.err).not.toContain("Stopping after this action");

  // Holds the process on its own.
  place.write("sink.mjs", sink("setInterval(() => {}, 1000)"));
  const twice = await interrupted();
  twice.kill("SIGINT");
  expect((await twice.ended).code).toBe(130);
});
