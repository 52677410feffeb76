// The least of a store that the kit's child needs, on the table of `fileTable`. With "lazy" it says that it has
// committed before it has; with "torn" the state is written before the events.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { ownIdentity } from "@loops/core/process";
import { storeChild } from "@loops/testing";

const [path, defect] = process.argv.slice(2);
const read = () => JSON.parse(readFileSync(path, "utf8"));
const write = (runs) => {
  writeFileSync(`${path}.tmp`, JSON.stringify(runs));
  renameSync(`${path}.tmp`, path);
};

function leaseOf(run) {
  let commits = 0;
  return {
    epoch: run.epoch,
    state: run.state,
    seq: run.events.length,
    commit(events, { set, captured }) {
      commits += 1;
      run.state = { ...run.state, ...set, captured };
      const runs = { ...read(), [run.state.run_id]: run };
      if (defect === "torn") {
        write(runs);
        // Most of the time that a commit takes, so that the kill comes in between.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      }
      run.events.push(...events);
      this.seq = run.events.length;
      if (defect !== "lazy" || commits % 50 === 1) write(runs);
    },
  };
}

await storeChild({
  find: () => Object.values(read())[0]?.state ?? null,
  create: (state) =>
    leaseOf({
      state,
      events: [],
      epoch: 1,
      owner: ownIdentity(),
      stopEpoch: 0,
      flushed: 0,
      archived: false,
      corrupt: false,
    }),
  acquire(runId) {
    const run = read()[runId];
    return leaseOf({ ...run, epoch: run.epoch + 1, owner: ownIdentity() });
  },
});
