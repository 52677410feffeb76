import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeEvent, stamp } from "@loops/core";
import { followEvents } from "@loops/jsonl";
import type { Bench, Side } from "../bench.js";
import { fiveFields } from "../events.js";
import { temporaryFolder } from "../temporary-folder.js";

export const follow: Bench = {
  name: "follow",
  what: "read a file of 20,000 events with followEvents; theirs: readFileSync, split, JSON.parse of each line",
  unit: "op/s",
  clock: "wall",
  bar: 0.5,
  setup({ short }) {
    const folder = temporaryFolder();
    const path = join(folder.path, "events.jsonl");
    const events = short ? 200 : 20_000;
    writeFileSync(path, Array.from({ length: events }, () => encodeEvent(stamp(fiveFields)).line).join(""));
    return { ours: following(path, events), theirs: readingAll(path, events), teardown: folder.remove };
  },
};

function following(path: string, events: number): Side {
  return {
    async run(iterations) {
      let states = 0;
      for (let i = 0; i < iterations; i++) {
        let left = events;
        for await (const { state } of followEvents(path)) {
          if (state === fiveFields.state) states++;
          if (--left === 0) break;
        }
      }
      return states / events;
    },
  };
}

function readingAll(path: string, events: number): Side {
  return {
    run(iterations) {
      let states = 0;
      for (let i = 0; i < iterations; i++) {
        for (const line of readFileSync(path, "utf8").split("\n")) {
          if (line !== "" && JSON.parse(line).state === fiveFields.state) states++;
        }
      }
      return states / events;
    },
  };
}
