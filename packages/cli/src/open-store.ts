import { errorMessage, LoopsError, type StateStore } from "@loops/core";
import { fileStore, type RunState } from "@loops/fsm";
import { type Config, type ConfigOptions, readConfig } from "./config.js";
import { describePlace, type StorePlace, storePlaceOf } from "./store-place.js";
import { note, type Terminal } from "./terminal.js";

/** Options of the commands that look at runs. */
export interface StoreOptions extends ConfigOptions {
  readonly store?: string | undefined;
  readonly power?: boolean | undefined;
}

export interface OpenedStore {
  readonly store: StateStore<RunState>;
  /** For people. */
  readonly where: string;
  close(): Promise<void>;
}

/** The store that is asked for: a database, or else files in `--dir`. @throws LoopsError `LOOPS_USAGE`, `LOOPS_NOT_INSTALLED` */
export async function openStore(
  options: StoreOptions,
  { store: configured, file }: Pick<Config, "store" | "file">,
  terminal: Terminal,
): Promise<OpenedStore> {
  const { LOOPS_STORE: environment } = process.env;
  const place = storePlaceOf({ option: options.store, environment, configured, file });
  const durability = options.power === true ? "power" : "process";
  if (place !== null) return { ...(await openDatabase(place, durability)), where: describePlace(place) };
  const onWarning = (warning: { readonly message: string }) => note(terminal, `warning: ${warning.message}`);
  return { store: fileStore({ dir: options.dir, durability, onWarning }), where: options.dir, close: async () => {} };
}

/**
 * Does something with the store that is asked for, and closes it whatever happened.
 *
 * @param config where it was read already. @default it is read
 */
export async function withStore<T>(
  terminal: Terminal,
  options: StoreOptions,
  work: (opened: OpenedStore) => T | Promise<T>,
  config?: Config,
): Promise<T> {
  const opened = await openStore(options, config ?? (await readConfig(options, terminal)), terminal);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

async function openDatabase(place: StorePlace, durability: "process" | "power"): Promise<Omit<OpenedStore, "where">> {
  const { sqlStore } = await loadSqlStore();
  const store = sqlStore<RunState>({ ...place, durability });
  return { store, close: () => store.close() };
}

/** Loaded only by those who have their runs in a database. */
async function loadSqlStore(): Promise<typeof import("@loops/sqlite/store")> {
  try {
    return await import("@loops/sqlite/store");
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown };
    if (code !== "ERR_MODULE_NOT_FOUND") throw cause;
    const message = `Runs in a database need a package that is not installed: npm install @loops/sqlite (${errorMessage(cause).split("\n")[0]})`;
    throw new LoopsError("LOOPS_NOT_INSTALLED", message, { cause });
  }
}
