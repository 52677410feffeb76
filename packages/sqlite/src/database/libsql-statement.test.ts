import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { isBusy } from "./failure.js";
import { openSqlite } from "./open-sqlite.js";

const refusal = (call: () => unknown): unknown => {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
};

for (const sql of ["begin immediate", "insert into t values (2)", "insert into t values (2) returning x"]) {
  it(`after "${sql}" was refused for a lock, what libsql writes is there for others`, () => {
    const folder = mkdtempSync(join(tmpdir(), "loops-libsql-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const open = () => {
      const connection = openSqlite({ path: join(folder, "a.db"), driver: "libsql" });
      onTestFinished(() => connection.close());
      return connection;
    };
    const [own, other] = [open(), open()];
    own.exec("create table t (x)");
    other.exec("begin exclusive");
    const statement = own.prepare(sql);
    const error = refusal(() => (statement.reader ? statement.all([]) : statement.run([])));
    expect(isBusy(error)).toBe(true);
    other.exec("rollback");
    own.prepare("insert into t values (1)").run([]);
    expect(other.prepare("select x from t").all([])).toEqual([{ x: 1 }]);
  });
}
