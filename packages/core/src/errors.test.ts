import { expect, it } from "vitest";
import { DeliveryError } from "./delivery-error.js";
import { errorMessage, isLoopsError, LoopsError } from "./errors.js";

it("an error is known by its mark, also when another installed copy of core made it", async () => {
  // The query makes this a second instance of the module, with classes of its own.
  const specifier = "./errors.js?second-copy";
  const copy: typeof import("./errors.js") = await import(specifier);
  const foreign = new copy.LoopsError("LOOPS_X", "from the other copy", { cause: 5 });
  expect(foreign).not.toBeInstanceOf(LoopsError);
  expect(isLoopsError(foreign)).toBe(true);
  expect(isLoopsError(foreign, "LOOPS_X")).toBe(true);
  expect(isLoopsError(foreign, "LOOPS_Y")).toBe(false);
  expect(foreign.cause).toBe(5);
  for (const other of [null, undefined, 5, new Error("plain"), { code: "LOOPS_X" }])
    expect(isLoopsError(other)).toBe(false);
  expect(isLoopsError(new DeliveryError("no", { kind: "refused" }), "LOOPS_DELIVERY")).toBe(true);
});

it("JSON of an error has its message, as a report that is logged needs it", () => {
  // Many, because what the engine makes of a class changes once it is hot.
  for (let i = 0; i < 10_000; i++) {
    const shown = JSON.parse(JSON.stringify({ error: new LoopsError("LOOPS_X", "[a] is full") }));
    expect(shown).toEqual({ error: { name: "LoopsError", code: "LOOPS_X", message: "[a] is full" } });
  }
});

it("the message of anything thrown is text", () => {
  const hostile = {
    toString() {
      throw new Error("no");
    },
  };
  expect([new Error("a"), "b", 5, null, hostile].map(errorMessage)).toEqual([
    "a",
    "b",
    "5",
    "null",
    expect.any(String),
  ]);
});
