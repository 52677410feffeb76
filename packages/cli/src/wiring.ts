import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Bus, errorMessage, type WireConfig, wireTransports } from "@loops/core";
import { parse } from "yaml";
import { badInput } from "./bad-input.js";
import { note, type Terminal } from "./terminal.js";

/**
 * Adds the sinks that a configuration file names. Their packages are looked for where the file lies.
 *
 * @throws LoopsError `LOOPS_USAGE` for a file that cannot be read, and what `wireTransports` throws
 */
export async function wireFile(bus: Bus, path: string, baseDir: string, terminal: Terminal): Promise<void> {
  const file = resolve(path);
  await wireTransports(bus, await readConfig(file), {
    from: pathToFileURL(file),
    baseDir,
    warn: (message) => note(terminal, `warning: ${message}`),
  });
}

async function readConfig(file: string): Promise<WireConfig> {
  let config: unknown;
  try {
    config = parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw badInput(`--events ${file} cannot be read: ${errorMessage(cause)}`, cause);
  }
  if (typeof config === "object" && config !== null && !Array.isArray(config)) return config as WireConfig;
  throw badInput(`--events ${file} must be a mapping with "transports: [...]" and a section for each of them`);
}
