import { expect, it } from "vitest";
import { isTransient, withRetries } from "./retries.js";

const error = (fields: object, message = "no") => Object.assign(new Error(message), fields);
const busy = error({ code: "SQLITE_BUSY" });

it("what passes by itself is told from what does not", () => {
  const passing = [
    busy,
    error({ code: "SQLITE_BUSY_SNAPSHOT" }),
    error({ code: "ERR_SQLITE_ERROR", errcode: 261 }),
    error({ code: "40001" }),
    error({ code: "40P01" }),
    error({ code: "57P03" }),
    error({ code: "57P05" }),
    error({ code: "08006" }),
    error({ code: "EHOSTUNREACH" }),
    error({ code: "ECONNREFUSED" }),
    error({ cause: busy }),
    error({}, "Connection terminated unexpectedly"),
    new AggregateError([error({ code: "ECONNREFUSED" }), error({ code: "ECONNREFUSED" })]),
  ];
  const lasting = [
    error({ code: "SQLITE_FULL" }),
    error({ code: "42P01" }),
    error({ code: "28P01" }),
    error({ code: "ERR_SQLITE_ERROR", errcode: 11 }),
    error({ code: "EACCES" }),
    new AggregateError([error({ code: "ECONNREFUSED" }), error({ code: "EACCES" })]),
    null,
    "busy",
  ];
  expect(passing.map(isTransient)).toEqual(passing.map(() => true));
  expect(lasting.map(isTransient)).toEqual(lasting.map(() => false));
});

it("is attempted again until it succeeds, and not where it fails for good", async () => {
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    if (attempts < 4) throw busy;
    return attempts;
  };
  expect(await withRetries({ attempt, timeoutMs: 5000 })).toBe(4);
  const failing = async () => {
    attempts += 1;
    throw error({ code: "SQLITE_FULL" }, "full");
  };
  await expect(withRetries({ attempt: failing, timeoutMs: 5000 })).rejects.toThrow("full");
  expect(attempts).toBe(5);
});

it("ends with the time: by the last error, or because there was no answer", async () => {
  const locked = async () => {
    throw busy;
  };
  await expect(withRetries({ attempt: locked, timeoutMs: 50 })).rejects.toBe(busy);
  await expect(withRetries({ attempt: () => new Promise(() => {}), timeoutMs: 30 })).rejects.toThrow(
    "no answer within 30 ms",
  );
});
