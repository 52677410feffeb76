import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Bus, errorMessage, isLoopsError, type TransportHost, type WireConfig, wireTransports } from "@loops/core";
import type { EngineOptions } from "@loops/fsm";
import { parse } from "yaml";
import { badInput } from "./bad-input.js";
import type { Config } from "./config.js";
import { readGivenFile } from "./given-file.js";
import { note, type Terminal } from "./terminal.js";

/** Which sinks there are to be, and where the file lies that says so. */
export interface Wiring {
  readonly config: WireConfig;
  readonly file: string;
}

/** What a sink may ask of the engine: that of traces gives actions the trace that they are part of. */
export type EngineOfSinks = Pick<EngineOptions, "actionEnv" | "annotateRun">;

/**
 * Adds the sinks that a file names. Their packages are looked for where it lies.
 *
 * @returns what they bring for the engine, as `engine`: of several that bring the same, the last
 * @throws what `wireTransports` throws; LoopsError `LOOPS_USAGE` for a sink that throws something else
 */
export async function wireSinks(
  bus: Bus,
  { config, file }: Wiring,
  baseDir: string,
  terminal: Terminal,
): Promise<EngineOfSinks> {
  let engine: EngineOfSinks = {};
  const host: TransportHost = {
    addTransport(transport) {
      bus.addTransport(transport);
      engine = { ...engine, ...engineOf(transport) };
    },
  };
  try {
    await wireTransports(host, config, {
      from: pathToFileURL(file),
      baseDir,
      warn: (message) => note(terminal, `warning: ${message}`),
    });
    return engine;
  } catch (error) {
    if (isLoopsError(error)) throw error;
    // Somebody else's code: where in it is for who wrote it.
    throw badInput(`A sink that ${file} names cannot be loaded: ${errorMessage(error)}`, error);
  }
}

function engineOf(transport: object): EngineOfSinks {
  const { engine } = transport as { engine?: Readonly<Record<string, unknown>> | null };
  const { actionEnv, annotateRun } = engine ?? {};
  return {
    ...(typeof actionEnv === "function" && { actionEnv: actionEnv as EngineOfSinks["actionEnv"] }),
    ...(typeof annotateRun === "function" && { annotateRun: annotateRun as EngineOfSinks["annotateRun"] }),
  };
}

/** What `--events` names, or else the configuration. @throws LoopsError `LOOPS_USAGE` for a file that cannot be read */
export async function wiringOf(path: string | undefined, { events, file }: Config): Promise<Wiring | null> {
  if (path !== undefined) return { config: await readEventsFile(resolve(path)), file: resolve(path) };
  return events === null || file === null ? null : { config: events, file };
}

async function readEventsFile(file: string): Promise<WireConfig> {
  let config: unknown;
  try {
    config = parse(await readGivenFile(file));
  } catch (cause) {
    throw badInput(`--events ${file} cannot be read: ${errorMessage(cause)}`, cause);
  }
  if (typeof config === "object" && config !== null && !Array.isArray(config)) return config as WireConfig;
  throw badInput(`--events ${file} must be a mapping with "transports: [...]" and a section for each of them`);
}
