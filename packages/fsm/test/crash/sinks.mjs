// What the loops that are killed write their events to, one line each, in a directory of the test.
import { appendFileSync } from "node:fs";
import { join } from "node:path";

/** Durable when `send` returns. */
export function inlineSink(dir) {
  return {
    name: "inline",
    send: (_event, { line }) => appendFileSync(join(dir, "inline.jsonl"), line),
    close() {},
  };
}

/** Loses with the process whatever was not flushed. */
export function bufferedSink(dir) {
  let lines = "";
  const write = () => {
    appendFileSync(join(dir, "buffered.jsonl"), lines);
    lines = "";
  };
  return {
    name: "buffered",
    send: (_event, { line }) => {
      lines += line;
    },
    flush: async () => write(),
    close: write,
  };
}
