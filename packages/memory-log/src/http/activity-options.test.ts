import { describe, expect, it } from "vitest";
import { resolveActivityOptions } from "./activity-options.js";

describe("resolveActivityOptions", () => {
  it("has a default for every bound", () => {
    expect(resolveActivityOptions()).toEqual({
      authorize: undefined,
      allowedOrigins: [],
      defaultLimit: 100,
      maxLimit: 1000,
      maxPageBytes: 1_048_576,
      maxStreams: 256,
      heartbeatMs: 15_000,
      retryMs: 2_000,
    });
  });

  it.each(["defaultLimit", "maxLimit", "maxPageBytes", "maxStreams", "heartbeatMs", "retryMs"])(
    "refuses a %s that is no number, and names it",
    (option) => {
      for (const bad of ["1", -1, Number.NaN]) {
        expect(() => resolveActivityOptions({ [option]: bad })).toThrow(
          expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringContaining(option) }),
        );
      }
    },
  );

  it("refuses an authorize that cannot be called: nobody would be asked", () => {
    expect(() => resolveActivityOptions({ authorize: true as never })).toThrow("authorize must be a function");
  });

  it.each(["https://a.example", "http://localhost:3000", "*"])("takes the origin %s, alone and in a list", (origin) => {
    expect(resolveActivityOptions({ allowOrigin: origin }).allowedOrigins).toEqual([origin]);
    expect(resolveActivityOptions({ allowOrigin: [origin] }).allowedOrigins).toEqual([origin]);
  });

  it.each(["https://a.example/", "a.example", "HTTPS://a.example", "https://a.example:443", "null", ""])(
    "refuses the origin %j, which no browser ever sends or which anybody can",
    (origin) => {
      expect(() => resolveActivityOptions({ allowOrigin: origin })).toThrow(
        expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringContaining("allowOrigin") }),
      );
    },
  );
});
