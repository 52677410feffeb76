import { describe, expect, it } from "vitest";
import { createTransport } from "./create-transport.js";

function create(options: Record<string, unknown>) {
  const warnings: string[] = [];
  const transport = createTransport(options, {
    baseDir: "/nowhere",
    resolvePath: (path) => path,
    warn: (message) => warnings.push(message),
  });
  return { transport, warnings };
}

describe("createTransport", () => {
  it("passes its options to the log, and takes null as absent", () => {
    const { transport, warnings } = create({ backend: " Memory ", maxEntries: 1, ttlMs: null });
    transport?.log.append("a");
    transport?.log.append("b");
    expect(transport?.log.query().events.map(({ kind }) => kind)).toEqual(["b"]);
    expect(warnings).toEqual([]);
  });

  it("M-13: wires nothing for a disabled backend, and says so", () => {
    const { transport, warnings } = create({ backend: "OFF" });
    expect(transport).toBeNull();
    expect(warnings).toEqual(['[memory-log] backend "OFF": nothing is wired and no event is kept']);
  });

  it.each(["redis", "memroy", 3])("M-14: refuses the backend %j", (backend) => {
    expect(() => create({ backend })).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
  });

  it.each(["memory", "off"])("refuses a bound of the wrong type, with backend %s", (backend) => {
    expect(() => create({ backend, maxEntries: "many" })).toThrow(
      expect.objectContaining({
        code: "LOOPS_CONFIG",
        message: '[memory-log] maxEntries must be a number, not "many"',
      }),
    );
  });

  it("warns of options that it does not have, which are likely misspelt", () => {
    const { transport, warnings } = create({ ttlSeconds: 60, maxEntries: 1 });
    expect(transport).not.toBeNull();
    expect(warnings).toEqual([
      '[memory-log] ignoring "ttlSeconds"; the options are backend, ttlMs, maxEntries, maxBytes',
    ]);
  });
});
