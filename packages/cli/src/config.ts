import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { errorMessage, type WireConfig } from "@loops/core";
import { didYouMean } from "@loops/fsm";
import type { McpServer } from "@loops/fsm/mcp";
import { parse } from "yaml";
import { badInput } from "./bad-input.js";
import { readGivenFile } from "./given-file.js";
import { note, type Terminal } from "./terminal.js";

/** Where it is looked for, and what of it the command line overrides. */
export interface ConfigOptions {
  readonly dir: string;
  readonly config?: string | undefined;
  readonly promptCommand?: string | undefined;
  readonly modelCommand?: string | undefined;
  readonly handoffCommand?: string | undefined;
}

/** What the person has configured. Nothing of it has to be. */
export interface Config {
  /** The file that it was read from; `null` where there is none. */
  readonly file: string | null;
  readonly promptCommand?: string | undefined;
  readonly modelCommand?: string | undefined;
  readonly handoffCommand?: string | undefined;
  readonly mcpServers: Readonly<Record<string, McpServer>>;
  /** For `wireTransports`. */
  readonly events: WireConfig | null;
  /** Where runs are kept, as `--store` says it. */
  readonly store?: string | undefined;
}

type Section = Readonly<Record<string, unknown>>;

/** The sections of the file and their keys; beside them it has `store`, which is a text. What `events` may hold, its transports know. */
const keys = { prompt: ["command"], model: ["command"], handoff: ["command"], mcp: ["servers"], events: null } as const;

/** The name under which it is found without being asked for. */
export const configName = "loops.config.yaml";

/**
 * Reads `--config`, or else `loops.config.yaml` beside `--dir` if there is one. The command line wins over it; an unknown
 * key is warned of and passed over.
 *
 * @throws LoopsError `LOOPS_USAGE` for a file that cannot be read, and for a value of the wrong kind
 */
export async function readConfig(options: ConfigOptions, terminal: Terminal): Promise<Config> {
  const file = options.config === undefined ? beside(options.dir) : resolve(options.config);
  const { promptCommand, modelCommand, handoffCommand } = options;
  const { store, ...document } = file === null ? {} : await documentOf(file);
  const given = sectionsOf(file, document, (text) => note(terminal, `warning: ${text}`));
  return {
    file,
    promptCommand: promptCommand ?? commandOf(file, given, "prompt"),
    modelCommand: modelCommand ?? commandOf(file, given, "model"),
    handoffCommand: handoffCommand ?? commandOf(file, given, "handoff"),
    mcpServers: (mapping(file, "mcp.servers", given["mcp"]?.["servers"]) ?? {}) as Config["mcpServers"],
    events: (given["events"] as WireConfig | undefined) ?? null,
    store: textOf(file, "store", store),
  };
}

function beside(dir: string): string | null {
  const file = join(dirname(resolve(dir)), configName);
  return existsSync(file) ? file : null;
}

async function documentOf(file: string): Promise<Section> {
  let document: unknown;
  try {
    document = parse(await readGivenFile(file));
  } catch (cause) {
    throw badInput(`The configuration ${file} cannot be read: ${errorMessage(cause)}`, cause);
  }
  return mapping(file, null, document) ?? {};
}

function sectionsOf(
  file: string | null,
  document: Section,
  warn: (text: string) => void,
): Readonly<Record<string, Section>> {
  const sections: Record<string, Section> = {};
  for (const [name, value] of Object.entries(document)) {
    if (!Object.hasOwn(keys, name)) {
      warn(`${file}: ${unknownKey(name, [...Object.keys(keys), "store"], "")}`);
      continue;
    }
    const section = mapping(file, name, value) ?? {};
    const known: readonly string[] | null = keys[name as keyof typeof keys];
    for (const key of Object.keys(section)) {
      if (known !== null && !known.includes(key)) warn(`${file}: ${unknownKey(key, known, `${name}.`)}`);
    }
    sections[name] = section;
  }
  return sections;
}

function unknownKey(key: string, known: readonly string[], prefix: string): string {
  return `${JSON.stringify(prefix + key)} has no effect; known: ${known.join(", ")}.${didYouMean(key, known)}`;
}

function commandOf(file: string | null, given: Readonly<Record<string, Section>>, name: string): string | undefined {
  const command = given[name]?.["command"] ?? undefined;
  if (command === undefined || (typeof command === "string" && command.trim() !== "")) return command;
  throw badInput(`${file}: ${name}.command must be a command line, such as "claude -p".`);
}

function textOf(file: string | null, name: string, value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string" && value.trim() !== "") return value;
  throw badInput(`${file}: ${name} must be a text, such as postgres://host/database or sqlite:runs.db.`);
}

/** An empty section is none. */
function mapping(file: string | null, name: string | null, value: unknown): Section | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object" && !Array.isArray(value)) return value as Section;
  throw badInput(`${file}: ${name ?? "a configuration"} must be a mapping, such as ${configName} in the README.`);
}
