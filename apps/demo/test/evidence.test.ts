import type { LoopEvent } from "@loops/core";
import { expect, it } from "vitest";
import { judge } from "../src/evidence.js";

let n = 0;
const event = (name: string, fields: object = {}): LoopEvent => ({ event: name, ts: "", id: `id-${++n}`, ...fields });
const act = (iteration: number) => [
  event("state_enter", { iteration }),
  event("action_start"),
  event("action_complete"),
];

const has = (...events: LoopEvent[]) => [{ sink: "jsonl", ids: events.map(({ id }) => id) }];

it("finds nothing wrong with a run that was killed once and resumed", () => {
  const cutOff = [event("state_enter", { iteration: 2 }), event("action_start"), event("action_in_doubt")];
  const committed = [...act(1), ...cutOff, ...act(2)];
  const verdict = judge({ committed, readBack: has(...committed, ...cutOff), begun: ["1", "2", "2"] });
  expect(verdict).toEqual({
    ...{ committed: 9, repeated: [], inDoubt: 1, actions: 2 },
    sinks: [{ sink: "jsonl", found: 9, missing: 0, doubled: 3 }],
  });
});

it("finds a committed event that the sink does not have", () => {
  const committed = act(1);
  const { sinks } = judge({ committed, readBack: has(...committed.slice(1), event("other")), begun: ["1"] });
  expect(sinks).toEqual([{ sink: "jsonl", found: 2, missing: 1, doubled: 0 }]);
});

it("finds an action that ran again although its result was recorded, from the journal and from what really began", () => {
  const committed = [...act(1), ...act(1)];
  expect(judge({ committed, readBack: has(...committed), begun: ["1"] }).repeated).toEqual(["iteration 1"]);
  const honest = act(1);
  expect(judge({ committed: honest, readBack: has(...honest), begun: ["1", "1"] }).repeated).toEqual(["1"]);
});
