import { describe, expect, it } from "vitest";
import { failureOf } from "./failure.js";

describe("why a database refused", () => {
  it.each([
    [{ errcode: 5 }, "busy"],
    [{ errcode: 517 }, "busy"],
    [{ rawCode: 13, code: "SQLITE_FULL" }, "full"],
    [{ code: "SQLITE_BUSY_SNAPSHOT" }, "busy"],
    [{ code: "SQLITE_READONLY_DBMOVED" }, "read-only"],
    [{ code: "SQLITE_NOTADB" }, "corrupt"],
    [{ code: "SQLITE_CONSTRAINT_TRIGGER" }, "refused"],
    [new Error('ConnectionFailed("Unable to open connection to local database /x: 14")'), "unavailable"],
    [{ code: "SQLITE_ERROR" }, "other"],
    [{ code: "40P01" }, "busy"],
    [{ code: "53100" }, "full"],
    [{ code: "53300" }, "unavailable"],
    [{ code: "25006" }, "read-only"],
    [{ code: "23505" }, "refused"],
    [{ code: "57P01" }, "unavailable"],
    [{ code: "ECONNREFUSED" }, "unavailable"],
    [{ code: "42P01" }, "other"],
    [null, "other"],
    ["text", "other"],
  ])("%o is %s", (error, kind) => {
    expect(failureOf(error)).toBe(kind);
  });
});
