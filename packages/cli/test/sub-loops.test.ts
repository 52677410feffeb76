import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { folder } from "./support.js";

const outer = `name: outer
initial: sub
states:
  sub: {loop: inner, on_yes: after, on_no: failed}
  after: {action: echo after, next: done}
  done: {terminal: true}
  failed: {terminal: true}
`;
const inner = `name: inner
initial: wait
states:
  wait:
    action: echo waiting >> begun; until [ -e go ]; do sleep 0.02; done; echo waited
    next: last
  last: {action: echo last, next: done}
  done: {terminal: true}
`;

/** The two loops in the directory of loops. */
function nested() {
  const place = folder();
  mkdirSync(join(place.path, "loops"));
  place.write("loops/outer.yaml", outer);
  place.write("loops/inner.yaml", inner);
  return place;
}

it("a loop in a loop is found in --dir, and shown further in", async () => {
  const { loops, write } = nested();
  write("go", "");
  const { code, out, err } = await loops("run", "outer", "--dir", "loops");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^sub #1\n {2}inner starts \(run \w+\)\n {2}wait #1\n {4}\| waited\n/m);
  expect(out).toMatch(/^ {2}inner ended in done after 2 states \(terminal\)\n {2}-> after\nafter #2\n/m);
});

it("loops stop stops a loop with the loop in it; ls tells whose that is, and resume goes on with both", async () => {
  const place = nested();
  const run = place.start("run", "outer", "--dir", "loops", "--quiet");
  const waiting = { timeout: 10_000 };
  await vi.waitFor(() => expect(existsSync(join(place.path, "begun"))).toBe(true), waiting);
  const stop = place.start("stop", "outer", "--dir", "loops");
  await vi.waitFor(() => expect(existsSync(join(place.path, "loops/.running/outer.stop"))).toBe(true), waiting);
  place.write("go", "");
  expect((await stop.ended).code).toBe(0);
  expect((await run.ended).code).toBe(130);

  const listed = (await place.loops("ls", "--dir", "loops", "--json")).out.trimEnd().split("\n");
  const runs = listed.map((line) => JSON.parse(line));
  const [parent, child] = ["outer", "inner"].map((name) => runs.find(({ loop }) => loop === name));
  expect(parent).toMatchObject({ status: "interrupted", parent_run_id: null });
  expect(child).toMatchObject({ status: "interrupted", parent_run_id: parent.run_id, depth: 1, current_state: "last" });

  const { code, out } = await place.loops("resume", "outer", "--dir", "loops");
  expect(code).toBe(0);
  expect(out).toMatch(/^outer resumes in sub \(run \w+\)\n {2}inner resumes in last \(run \w+\)\n {2}last #2\n/);
  expect(out).not.toContain("waited");
});
