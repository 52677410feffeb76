import type nodeFs from "node:fs";
import type { AppendFs } from "@loops/core/ndjson";
import type { Layout } from "./layout.js";

/** The part of `node:fs` that the store writes with: replace it to inject faults. */
export type StoreFs = AppendFs &
  Pick<
    typeof nodeFs,
    | "copyFileSync"
    | "existsSync"
    | "fdatasyncSync"
    | "fsyncSync"
    | "ftruncateSync"
    | "linkSync"
    | "mkdirSync"
    | "readFileSync"
    | "readdirSync"
    | "renameSync"
    | "rmSync"
    | "truncateSync"
  >;

/** What the store did or could not do, where the run itself goes on. */
export type StoreWarning =
  /** The end of a journal was gone, with events that had been committed. The state was kept. */
  | { readonly type: "events_lost"; readonly path: string; readonly message: string; readonly events: number }
  /** Lines that belong to no commit were cut from the end of a journal. */
  | {
      readonly type: "journal_repaired";
      readonly path: string;
      readonly message: string;
      readonly lines: number;
      readonly bytes: number;
    }
  /** The view for people could not be written; the journal has everything and it is tried again. */
  | { readonly type: "view_not_written"; readonly path: string; readonly message: string; readonly error: unknown }
  /** The view was edited, damaged or of another run: the state was rebuilt from the journal. */
  | { readonly type: "view_ignored"; readonly path: string; readonly message: string }
  /** A file that is of no more use could not be removed. */
  | { readonly type: "not_removed"; readonly path: string; readonly message: string; readonly error: unknown }
  /** A previous run could not be read: it was left where it is, and the new run got another place. */
  | { readonly type: "corrupt_run_kept"; readonly path: string; readonly message: string; readonly error: unknown };

/** What every part of the file store needs. */
export interface StoreContext {
  readonly fs: StoreFs;
  readonly layout: Layout;
  /** Whether to survive a loss of power, not only the death of the process. */
  readonly durable: boolean;
  /**
   * Where runs were seen, by their ids: a run stays under its stem until it is archived. Only where to look first; it may
   * be gone from there.
   */
  readonly seen: Map<string, string>;
  readonly warn: (warning: StoreWarning) => void;
}
