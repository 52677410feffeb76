/** The present state of affairs of a run: one small row, changed by each commit. */
export interface RunTable {
  run_id: string;
  loop_name: string;
  parent_run_id: string | null;
  status: string;
  /** ISO 8601 UTC. */
  started_at: string;
  /** Of the last commit, by the database's clock; milliseconds since 1970. */
  updated_ms: number;
  /** When it was moved into the history; `null` for a run that is live. */
  archived_ms: number | null;
  /** 1 for the run in the loop's own place, 0 for children and for those beside another one. */
  in_place: number;
  /** How many events were committed; 0 until the first commit, and till then nobody sees the run. */
  seq: number;
  flushed_seq: number;
  /** Fencing token: rises with each owner, and when the run is archived. */
  epoch: number;
  /** {@link StoredOwner} as JSON; `null` where nobody has the run. */
  owner: string | null;
  /** Until then the owner has the run, by the database's clock; milliseconds since 1970. */
  lease_until_ms: number;
  /** The epoch of the owner that was asked to stop. */
  stop_epoch: number;
}

/** The whole state as it was at `seq`; what came later is in the deltas of the events behind it. */
export interface StateTable {
  run_id: string;
  seq: number;
  state: string;
}

/** Every event of a run, once; the last one of a commit carries its delta, unless the whole state was written with it. */
export interface EventTable {
  run_id: string;
  seq: number;
  event: string;
  delta: string | null;
}

export interface StoreTables {
  loop_runs: RunTable;
  loop_run_states: StateTable;
  loop_run_events: EventTable;
}
