import { createRequire } from "node:module";
import { describe, expect, it } from "vitest";
import { findDriver } from "./find-driver.js";

const require = createRequire(import.meta.url);
const absent = (id: string) => {
  throw Object.assign(new Error(`Cannot find module '${id}'`), { code: "MODULE_NOT_FOUND" });
};
const caught = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
};

it("without a driver the error says which to install, and from which Node on there is one", () => {
  const error = caught(() => findDriver({ builtin: () => undefined, load: absent }));
  expect(error).toMatchObject({ code: "LOOPS_SQLITE_DRIVER" });
  for (const part of ["npm install libsql", "better-sqlite3", "Node 22.13"]) expect(error.message).toContain(part);
  expect(error.cause).toBeUndefined();
});

it("one that is installed and was never built counts as missing, is told of, and the next one is taken", () => {
  const unbuilt = class {
    constructor() {
      throw new Error("Could not locate the bindings file. Tried:\n → build/better_sqlite3.node");
    }
  };
  const load = (id: string) => (id === "better-sqlite3" ? unbuilt : absent(id));
  const error = caught(() => findDriver({ builtin: () => undefined, load }));
  expect(error.message).toContain("installed, but does not load: better-sqlite3: Could not locate the bindings file.");
  const both = (id: string) => (id === "libsql" ? require("libsql") : load(id));
  expect(findDriver({ builtin: () => undefined, load: both }).name).toBe("libsql");
});

it("the runtime's own comes first", () => {
  const DatabaseSync = class {};
  expect(findDriver({ builtin: () => ({ DatabaseSync }), load: absent }).name).toBe("node:sqlite");
});

const builtin = process.getBuiltinModule?.("node:sqlite" as never);
describe.each(["node:sqlite", "libsql"] as const)("%s", (name) => {
  it.skipIf(name === "node:sqlite" && builtin === undefined)("does what every driver does", () => {
    const db = findDriver({}, [name]).open(":memory:", false);
    db.exec("create table t (a integer primary key, b text)");
    const insert = db.prepare("insert into t (b) values (?)");
    expect(insert.reader).toBe(false);
    expect(Number(insert.run(["one"]).changes)).toBe(1);
    insert.run([undefined]);
    insert.run([true]);
    expect(db.prepare("insert into t (b) values ('x') returning a").reader).toBe(true);
    const select = db.prepare("select b from t order by a");
    expect(db.prepare("select b from t order by a")).toBe(select);
    expect(select.all([]).map((row) => (row as { b: string | null }).b)).toEqual([
      "one",
      null,
      expect.stringMatching(/^1/),
    ]);
    expect([...select.iterate([])]).toHaveLength(3);
    db.close();
    db.close();
  });
});
