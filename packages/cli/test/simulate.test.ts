import { readdirSync } from "node:fs";
import { scenarioNames } from "@loops/fsm";
import { expect, it } from "vitest";
import { countToThree, folder } from "./support.js";

it("B-27: shows which way a loop takes, and does nothing", async () => {
  const { call, path, write } = folder();
  write("count.yaml", countToThree);
  const { code, out, err } = await call("simulate", "count.yaml", "--scenario", "first-fail");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toContain("[simulated output for: echo more >> count.txt; echo added]");
  expect(out.trimEnd().split("\n").at(-1)).toBe("count ended in done after 3 states (terminal)");
  expect(readdirSync(path)).toEqual(["count.yaml"]);
});

it("gives the events of every scenario for scripts, and exits with 1 where the loop would not end well", async () => {
  const { call, write } = folder();
  write("count.yaml", countToThree);
  for (const scenario of scenarioNames) {
    const { code, out } = await call("simulate", "count.yaml", "-s", scenario, "--json", "-n", "4");
    const last = JSON.parse(out.trimEnd().split("\n").at(-1) ?? "");
    expect(last.event).toBe("loop_complete");
    expect(code).toBe(last.terminated_by === "terminal" ? 0 : 1);
  }
});

it("knows the scenarios of the engine, and takes input and context as run does", async () => {
  const { call, write } = folder();
  const { err, code } = await call("simulate", "count.yaml", "-s", "nonsense");
  expect(code).toBe(2);
  for (const scenario of scenarioNames) expect(err).toContain(scenario);
  write(
    "a.yaml",
    `name: a\ninitial: a\nstates: {a: {action: "say \${context.input} \${context.n}", next: b}, b: {terminal: true}}\n`,
  );
  expect(await call("simulate", "a.yaml")).toMatchObject({ code: 2 });
  expect((await call("simulate", "a.yaml", "hi", "-c", "n:=3")).out).toContain("[simulated output for: say hi 3]");
});
