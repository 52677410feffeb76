import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Bus, errorMessage, type WireConfig, wireTransports } from "@loops/core";
import { parse } from "yaml";
import { badInput } from "./bad-input.js";
import type { Config } from "./config.js";
import { note, type Terminal } from "./terminal.js";

/** Which sinks there are to be, and where the file lies that says so. */
export interface Wiring {
  readonly config: WireConfig;
  readonly file: string;
}

/**
 * Adds the sinks that a file names. Their packages are looked for where it lies.
 *
 * @throws what `wireTransports` throws
 */
export async function wireSinks(
  bus: Bus,
  { config, file }: Wiring,
  baseDir: string,
  terminal: Terminal,
): Promise<void> {
  await wireTransports(bus, config, {
    from: pathToFileURL(file),
    baseDir,
    warn: (message) => note(terminal, `warning: ${message}`),
  });
}

/** What `--events` names, or else the configuration. @throws LoopsError `LOOPS_USAGE` for a file that cannot be read */
export async function wiringOf(path: string | undefined, { events, file }: Config): Promise<Wiring | null> {
  if (path !== undefined) return { config: await readEventsFile(resolve(path)), file: resolve(path) };
  return events === null || file === null ? null : { config: events, file };
}

async function readEventsFile(file: string): Promise<WireConfig> {
  let config: unknown;
  try {
    config = parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw badInput(`--events ${file} cannot be read: ${errorMessage(cause)}`, cause);
  }
  if (typeof config === "object" && config !== null && !Array.isArray(config)) return config as WireConfig;
  throw badInput(`--events ${file} must be a mapping with "transports: [...]" and a section for each of them`);
}
