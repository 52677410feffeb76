import { startDeadline } from "./deadline.js";
import { errorMessage, isLoopsError, LoopsError } from "./errors.js";
import { camelKeys } from "./names/camel-keys.js";
import { type CreateTransport, isTransport, type Transport, type WireContext } from "./transport.js";

/** Which transports to wire, and a section of options for each under its name; keys as in files, snake_case. */
export interface WireConfig {
  readonly transports?: readonly string[] | undefined;
  readonly [section: string]: unknown;
}

export interface WireOptions {
  /** `import.meta.url` of the caller: packages are resolved from there. */
  readonly from?: string | URL | undefined;
  /** `(specifier) => import(specifier)` of the caller, instead of `from`: for bundlers and unusual loaders. */
  readonly import?: ((specifier: string) => Promise<unknown>) | undefined;
  /** Where sinks put their files. @default ".ll" in the working directory */
  readonly baseDir?: string | undefined;
  /** Is told of names that were passed over. @default a process warning */
  readonly warn?: ((message: string) => void) | undefined;
}

/** What wiring needs of a bus. */
export interface TransportHost {
  addTransport(transport: Transport): void;
}

const known = ["jsonl", "memory-log", "socket", "webhook", "sqlite", "redis-stream", "otel"];

/**
 * Adds the transports that a configuration names, in its order. All are made before the first is added, so that an
 * error leaves the bus as it was. An unknown name, and a repeated one, is warned about and skipped: a typo must not
 * stop a loop.
 *
 * @returns the names that were wired
 * @throws LoopsError `LOOPS_CONFIG` for a config that is no object, `LOOPS_NOT_INSTALLED` for a known name whose
 * package is not there, `LOOPS_TRANSPORT` for a package that is no transport; and what the transport itself throws
 */
export async function wireTransports(
  bus: TransportHost,
  config: WireConfig,
  options: WireOptions = {},
): Promise<string[]> {
  const { resolve } = await import("node:path");
  const warn = options.warn ?? ((message: string) => process.emitWarning(message, { type: "LoopsWarning" }));
  const baseDir = resolve(options.baseDir ?? ".ll");
  const context: WireContext = {
    baseDir,
    resolvePath: (path) => resolve(baseDir, path.replace(/^\.ll[\\/]/, "")),
    warn,
  };
  const made = new Map<string, Transport>();
  const added = new Set<Transport>();
  const names = namesOf(config);
  for (const section of Object.keys(config)) {
    if (!["transports", ...known, ...names].includes(section)) warn(unknownSection(section));
  }
  try {
    for (const name of names) {
      if (made.has(name)) warn(`[wire] ${name} is listed twice; the second is skipped`);
      else if (!known.includes(name) && !isSpecifier(name)) warn(unknownName(name));
      else {
        const transport = await make(name, config[name], context, options);
        if (transport !== null) made.set(name, transport);
      }
    }
    for (const transport of made.values()) {
      bus.addTransport(transport);
      added.add(transport);
    }
  } catch (error) {
    // What the bus has is the bus's to close; the others have nobody else.
    await closeAll([...made.values()].filter((transport) => !added.has(transport)));
    throw error;
  }
  return [...made.keys()];
}

const closeTimeoutMs = 1000;

/** Closes what is of no use, whatever each of them does. Never rejects, and never waits for long. */
async function closeAll(transports: readonly Transport[]): Promise<void> {
  const due = startDeadline(undefined, 2 * closeTimeoutMs);
  const closing = transports.map(async (transport) => transport.close({ timeoutMs: closeTimeoutMs }));
  await due.wait(Promise.allSettled(closing));
}

function namesOf(config: WireConfig): readonly string[] {
  const isObject = typeof config === "object" && config !== null && !Array.isArray(config);
  const names: unknown = isObject ? (config.transports ?? []) : undefined;
  if (!Array.isArray(names) || names.some((name) => typeof name !== "string")) {
    const example = '{ transports: ["jsonl"] }';
    throw new LoopsError("LOOPS_CONFIG", `[wire] transports must be a list of names: ${example}`);
  }
  return names;
}

function isSpecifier(name: string): boolean {
  return name.startsWith("@") || name.includes("/");
}

function unknownSection(section: string): string {
  const meant = ["transports", ...known].find((name) => name.replace(/s$/, "") === section.replaceAll("_", "-"));
  const hint =
    meant === undefined ? `known are transports, ${known.join(", ")}` : `did you mean ${JSON.stringify(meant)}?`;
  return `[wire] ${JSON.stringify(section)} is no transport and has no effect; ${hint}`;
}

function unknownName(name: string): string {
  return `[wire] unknown transport ${JSON.stringify(name)}, skipped; known are ${known.join(", ")}, or a package or path with "/"`;
}

async function make(
  name: string,
  section: unknown,
  context: WireContext,
  options: WireOptions,
): Promise<Transport | null> {
  if (section !== undefined && section !== null && (typeof section !== "object" || Array.isArray(section))) {
    throw new LoopsError("LOOPS_CONFIG", `[wire] the section ${JSON.stringify(name)} must be an object of options`);
  }
  const specifier = isSpecifier(name) ? name : `@loops/${name}`;
  const { createTransport } = (await load(specifier, options)) as { createTransport?: CreateTransport };
  if (typeof createTransport !== "function") {
    throw new LoopsError("LOOPS_TRANSPORT", `[wire] ${specifier} exports no createTransport function`);
  }
  const transport = await inWordsOfTheFile(name, async () => createTransport(camelKeys(section ?? {}), context));
  if (transport !== null && !isTransport(transport)) {
    throw new LoopsError("LOOPS_TRANSPORT", `[wire] createTransport of ${specifier} returned no transport`);
  }
  return transport;
}

/** Imports as the caller would: core itself depends on no sink, and strict package managers hide them from it. */
async function load(specifier: string, options: WireOptions): Promise<unknown> {
  try {
    if (options.import !== undefined) return await options.import(specifier);
    const [{ createRequire }, { pathToFileURL }] = await Promise.all([import("node:module"), import("node:url")]);
    const from = options.from ?? pathToFileURL(`${process.cwd()}/`);
    return await import(pathToFileURL(createRequire(from).resolve(specifier)).href);
  } catch (cause) {
    const code = (cause as { code?: unknown } | null)?.code;
    const missing =
      (code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND") &&
      errorMessage(cause).includes(`'${specifier}'`);
    if (!missing) throw cause;
    const what = specifier.startsWith(".")
      ? "check the path, which starts at the caller's file"
      : `run: npm install ${specifier}`;
    throw new LoopsError("LOOPS_NOT_INSTALLED", `[wire] ${specifier} cannot be found; ${what}`, { cause });
  }
}

/** What is wrong with an option is told under its name in code; the reader has a file. */
async function inWordsOfTheFile<T>(section: string, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (cause) {
    if (!isLoopsError(cause, "LOOPS_CONFIG")) throw cause;
    const where = `in the section ${JSON.stringify(section)} of the configuration, where names are in snake_case`;
    throw new LoopsError("LOOPS_CONFIG", `${cause.message} (${where})`, { cause });
  }
}
