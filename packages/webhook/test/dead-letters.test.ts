import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { DeadLetter } from "../src/index.js";
import { atEnd, eventually, numbersOf, receiver, sinkTo } from "./sink.js";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "loops-webhook-letters-"));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

it("dead letters are appended to a file, a line for each event, with the reason and the id of the request", async () => {
  const path = join(folder(), "deep", "letters.jsonl");
  const target = await receiver();
  target.answer(() => 400);
  const { bus, emit } = sinkTo(target.url, { deadLetterPath: path, maxBatchItems: 2 });
  emit(3);
  await bus.close();
  const lines = readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(numbersOf(lines.map(({ event }) => event))).toEqual([0, 1, 2]);
  expect(lines.map(({ batch_id }) => batch_id)).toEqual([
    target.requests[0]?.id,
    target.requests[0]?.id,
    target.requests[1]?.id,
  ]);
  expect(lines[0]).toMatchObject({ code: "LOOPS_DELIVERY", reason: expect.stringContaining("was answered 400") });
});

it("a hook whose promise is rejected is reported, and does not end the process", async () => {
  const target = await receiver();
  target.answer(() => 400);
  for (const spool of [undefined, { path: join(folder(), "spool") }]) {
    const { bus, emit, errors } = sinkTo(target.url, {
      spool,
      onDeadLetter: async () => Promise.reject(new Error("broken hook")),
    });
    emit(1);
    await bus.close();
    await eventually(() => expect(errors.map(String).join()).toContain("broken hook"));
  }
});

it("a file that cannot be written, and a hook that throws, are reported and cost no other event", async () => {
  const path = join(folder(), "is-a-directory");
  mkdirSync(path);
  const target = await receiver();
  target.answer(() => (target.requests.length === 1 ? 400 : 204));
  const letters: DeadLetter[] = [];
  const { bus, emit, stats, errors } = sinkTo(target.url, {
    deadLetterPath: path,
    maxBatchItems: 2,
    onDeadLetter(letter) {
      letters.push(letter);
      throw new Error("broken hook");
    },
  });
  emit(4);
  await bus.close();
  expect(letters).toHaveLength(1);
  expect(numbersOf(target.events())).toEqual([2, 3]);
  expect(stats()).toMatchObject({ delivered: 2, dropped: { "dead-letter": 2 } });
  expect(errors.map(String).join()).toContain("broken hook");
});
