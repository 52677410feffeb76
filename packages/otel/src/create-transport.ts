import type { CreateTransport } from "@loops/core";
import { camelKeys, unknownOption } from "@loops/core/names";
import { configurable, type OtelTransportOptions, retryDefaults } from "./otel-options.js";
import { type OtelTransport, otelTransport } from "./otel-transport.js";

/**
 * For `wireTransports`: options as for {@link otelTransport}, but for the providers, which only code can pass; `null`
 * counts as absent. Options that are not known are warned about.
 *
 * @throws LoopsError `LOOPS_CONFIG`, `LOOPS_OTEL_MISSING`
 */
export const createTransport = ((options, { warn }): OtelTransport => {
  const known = (section: object, names: readonly string[]): Record<string, unknown> => {
    const entries = Object.entries(section).filter(([name, value]) => {
      if (names.includes(name)) return value !== null;
      warn(unknownOption("otel", name, names));
      return false;
    });
    return Object.fromEntries(entries);
  };
  const given = known(options, configurable);
  const { retry } = given;
  // What is no object is for the transport to refuse.
  if (typeof retry === "object" && retry !== null) given["retry"] = known(camelKeys(retry), Object.keys(retryDefaults));
  return otelTransport(given as OtelTransportOptions);
}) satisfies CreateTransport;
