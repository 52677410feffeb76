import { writeFileSync } from "node:fs";
import type { FsmEvent } from "@loops/fsm";
import { createColors } from "picocolors";
import { expect, it } from "vitest";
import { linesOf } from "../src/progress.js";
import { folder } from "./support.js";

const colors = createColors(false);
const stamped = { ts: "2026-01-01T00:00:00.000Z", id: "i", run_id: "r", loop: "l", depth: 0 };

it("a clock that is put back while a loop runs hides nothing", async () => {
  // The real command, in a process whose clock goes back by an hour before each event.
  const back = `
    const toISOString = Date.prototype.toISOString;
    let ms = 0;
    Date.prototype.toISOString = function () {
      ms += 3_600_000;
      return toISOString.call(new Date(this.getTime() - ms));
    };`;
  const { loops, write } = folder({ NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(back)}` });
  write("a.yaml", "name: a\ninitial: a\nstates: {a: {action: echo hi, next: b}, b: {terminal: true}}\n");
  const { code, out } = await loops("run", "a.yaml");
  expect(code).toBe(0);
  expect(out).toMatch(/^a starts .*\| hi\n.*a ended in b/s);
  expect((await loops("run", "a.yaml")).out).toMatch(/^a starts .*\| hi\n.*a ended in b/s);
});

it("events that are sent again are counted, by resume and by a run anew, however often it was killed", async () => {
  const place = folder();
  place.write(
    "k.yaml",
    "name: k\ninitial: a\nstates: {a: {action: 'echo one; [ -e go ] || kill -9 $PPID', next: b}, b: {terminal: true}}\n",
  );
  // A sink that confirms nothing: what it had, it may have lost, however long the action took to be begun.
  place.write(
    "sink.mjs",
    `const flush = async () => { throw new Error("it is busy"); };
     export const createTransport = () => ({ name: "forgetful", send() {}, flush, close() {} });`,
  );
  place.write("sinks.yaml", "transports: [./sink.mjs]\n");
  const events = ["--events", "sinks.yaml"];
  expect((await place.loops("run", "k.yaml", ...events)).code).toBe(null);
  expect((await place.loops("resume", "k", ...events)).code).toBe(null);
  writeFileSync(`${place.path}/go`, "");
  const { code, out } = await place.loops("resume", "k", ...events);
  expect(code).toBe(0);
  expect(out.match(/k (starts|resumes)/g)).toEqual(["k resumes"]);
  expect(out).toMatch(/^\d+ events that the sinks may have lost are sent again\nk resumes in a/);
});

it("what an action prints does nothing to a terminal, and forges no line", () => {
  const line = "\u001b[2J\u001b]0;title\u0007red\u001b[31m\rl ended in ok\u0007\u009b2K\u202ex\ty\r";
  expect(linesOf({ ...stamped, event: "action_output", line } as FsmEvent, colors)).toEqual([
    "  | red\\rl ended in ok\\x07\\u202ex\ty",
  ]);
  const complete = {
    ...stamped,
    event: "loop_complete",
    final_state: "a\nb",
    iterations: 1,
    terminated_by: "error",
    error: { message: "one\u0000\ntwo" },
  } as unknown as FsmEvent;
  expect(linesOf(complete, colors)).toEqual(["l ended in a\\nb after 1 states (error)", "  one\\x00", "  two"]);
});
