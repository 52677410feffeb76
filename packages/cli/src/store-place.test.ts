import { resolve } from "node:path";
import { expect, it } from "vitest";
import { describePlace, storePlaceOf } from "./store-place.js";

const place = (option?: string, environment?: string, configured?: string) =>
  storePlaceOf({ option, environment, configured, file: "/team/loops.config.yaml" });

it("the option wins over the variable, that over the configuration, and without any of them runs are in files", () => {
  expect(place("a.db", "b.db", "c.db")).toEqual({ path: resolve("a.db") });
  expect(place(undefined, "b.db", "c.db")).toEqual({ path: resolve("b.db") });
  expect(place(undefined, " ", "c.db")).toEqual({ path: "/team/c.db" });
  expect(place()).toBe(null);
});

it("a place is a URL of PostgreSQL, a path behind sqlite:, or a path with the ending of a database", () => {
  expect(place("postgres://u:p@h:5432/d")).toEqual({ url: "postgres://u:p@h:5432/d" });
  expect(place("postgresql://h/d")).toEqual({ url: "postgresql://h/d" });
  expect(place("sqlite:runs")).toEqual({ path: resolve("runs") });
  expect(place("sqlite:/var/runs")).toEqual({ path: "/var/runs" });
  expect(place("sqlite:///var/runs")).toEqual({ path: "/var/runs" });
  expect(place("postgres://u:p@/d?host=/run/postgresql")).toEqual({ url: "postgres://u:p@/d?host=/run/postgresql" });
  expect(place("../RUNS.SQLITE")).toEqual({ path: resolve("../RUNS.SQLITE") });
  const nonsense = ["runs", "mysql://h/d.db", "http://h/runs.db", "sqlite:", "sqlite://runs.db", "file:runs.db"];
  for (const text of [...nonsense, "postgres://["]) {
    expect(() => place(text), text).toThrow(expect.objectContaining({ code: "LOOPS_USAGE" }));
  }
});

it("a password that was not escaped is refused, and told to nobody", () => {
  for (const text of ["postgres://u:se/cret@h/d", "postgres://u:1#cret@h/d"]) {
    expect(() => place(text), text).toThrow(
      expect.objectContaining({ code: "LOOPS_USAGE", message: expect.stringMatching(/^(?!.*cret).*as %2F %3A/) }),
    );
  }
});

it("a place is shown without its password", () => {
  expect(describePlace({ url: "postgres://user:secret@host:5432/loops?password=secret" })).toBe(
    "postgres://host:5432/loops",
  );
  expect(describePlace({ url: "postgres://user:secret@/loops" })).toBe("postgres://localhost/loops");
  expect(describePlace({ path: "/runs.db" })).toBe("/runs.db");
});
