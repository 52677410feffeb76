import { createRequire } from "node:module";
import { LoopsError } from "@loops/core";

const load = createRequire(import.meta.url);

/**
 * Loads a package on first use: who passes a provider does not wait for an SDK, nor needs an exporter.
 *
 * @throws LoopsError `LOOPS_OTEL_MISSING` with what it is needed for, and the line that installs it
 */
export function loadPackage<T>(name: string, purpose: string, install = name): T {
  try {
    return load(name) as T;
  } catch (cause) {
    if ((cause as { code?: unknown } | null)?.code !== "MODULE_NOT_FOUND") throw cause;
    const message = `[otel] ${purpose} needs ${name}, which is not installed. Run: npm install ${install}`;
    throw new LoopsError("LOOPS_OTEL_MISSING", message, { cause });
  }
}

/** Of this package, for the instrumentation scope. */
export function packageVersion(): string {
  return (load("../package.json") as { version: string }).version;
}
