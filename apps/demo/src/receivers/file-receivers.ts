import { readEvents } from "@loops/jsonl";
import { openHistory } from "@loops/sqlite";
import type { Receiver } from "./receiver.js";

/** Reads the lines of a jsonl sink. */
export function jsonlReceiver(path: string): Receiver {
  return {
    sink: "jsonl",
    async ids(runId) {
      const ids: string[] = [];
      for await (const event of readEvents(path)) if (event["run_id"] === runId) ids.push(event.id);
      return ids;
    },
    close: async () => {},
  };
}

/** Asks the database of a sqlite sink. */
export function sqliteReceiver(path: string): Receiver {
  return {
    sink: "sqlite",
    async ids(runId) {
      const history = await openHistory({ path });
      try {
        const rows = await history.db.selectFrom("events").select("id").where("run_id", "=", runId).execute();
        return rows.map(({ id }) => id);
      } finally {
        await history.close();
      }
    },
    close: async () => {},
  };
}
