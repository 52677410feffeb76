import { type CreateTransport, LoopsError } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";
import { configurable } from "./sqlite-options.js";
import { sqliteTransport } from "./sqlite-transport.js";

/**
 * For `wireTransports`: options as for {@link sqliteTransport}. `path` lies below the base directory, `session.db` by
 * default; with `url` events go to PostgreSQL.
 */
export const createTransport: CreateTransport = (options, { resolvePath }) => {
  checkKnownOptions("sqlite", options, configurable);
  const { url, path, ...limits } = options;
  if (url !== undefined && url !== null) return sqliteTransport({ ...limits, url, path } as never);
  const file = path ?? "session.db";
  if (typeof file !== "string") {
    throw new LoopsError("LOOPS_CONFIG", `[sqlite] path must be a text, not ${JSON.stringify(path)}`);
  }
  return sqliteTransport({ ...limits, path: resolvePath(file) });
};
