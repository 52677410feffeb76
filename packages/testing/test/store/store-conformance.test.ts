import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { type StoreNeed, type StoreSubject, storeChecks, storeConformance, storeNeeds } from "../../src/index.js";
import { type BrokenStore, brokenStores, killableSubject, soundCapabilities } from "./broken-stores.js";
import { modelSubject } from "./model-subject.js";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
const allIds = storeChecks.map((check) => check.id);
const sound = { create: (): StoreSubject => modelSubject(), capabilities: soundCapabilities };

storeConformance({ test, name: "model store", ...sound });
storeConformance({
  test,
  name: "model store on a file",
  create: () => killableSubject(),
  capabilities: { killable: true },
});

interface Options extends Partial<Parameters<typeof storeConformance>[0]> {}

/** Runs the kit with a `test` function that only takes notes. */
async function collect(options: Options): Promise<ReadonlyMap<string, Error>> {
  const tests: (() => Promise<void>)[] = [];
  const { registered } = storeConformance({
    name: "store",
    // Reached by nothing here but what never ends: many kits share this process, and the machine may be busy.
    patienceMs: 20_000,
    seed: 1,
    ...sound,
    ...options,
    test: (_name, run) => tests.push(run),
  });
  const failures = new Map<string, Error>();
  for (const [index, run] of tests.entries())
    await run().catch((error) => failures.set(registered[index] ?? "", error));
  return failures;
}

describe.concurrent("a store with one defect is rejected by the check of that promise, and by no other", () => {
  const expectRejection = async ({ breaks, create, capabilities = soundCapabilities }: BrokenStore) => {
    let failures = await collect({ create, capabilities });
    // A kill may miss the moment that a defect needs once, but not again and again.
    for (let seed = 2; failures.size === 0 && breaks === "kill" && seed <= 4; seed++) {
      failures = await collect({ create, capabilities, seed });
    }
    const messages = [...failures.values()].map((error) => error.message).join("\n");
    expect([...failures.keys()], messages).toEqual([breaks]);
  };
  for (const store of brokenStores) it(`${store.breaks}: ${store.defect}`, () => expectRejection(store));

  it("each check has a store that only it rejects", () => {
    const proven = new Set(brokenStores.map((store) => store.breaks));
    expect(allIds.filter((id) => !proven.has(id))).toEqual([]);
  });
});

describe("what is registered", () => {
  const plan = (options: Options) => storeConformance({ name: "store", ...sound, ...options, test: () => {} });

  it("a store that declares everything is tried by every check, one that declares nothing is told what is left out", () => {
    expect(plan({ capabilities: { ...soundCapabilities, killable: true } })).toEqual({
      registered: allIds,
      notRegistered: [],
    });
    const { registered, notRegistered } = plan({ capabilities: {} });
    expect([...registered, ...notRegistered.map(({ id }) => id)].toSorted()).toEqual(allIds.toSorted());
    expect(notRegistered).toContainEqual({ id: "stale-writer", unmet: ["owners"] });
  });

  it("no two checks have the same id, and each says how its defect is usually mended", () => {
    expect(new Set(allIds).size).toBe(allIds.length);
    expect(storeChecks.filter(({ mend }) => mend.length < 20)).toEqual([]);
  });

  it("each check and each need is in the tables of the README, as it is", () => {
    const rows = storeChecks.map(({ id, title, needs }) => `| \`${id}\` | ${title} | ${needs.join(", ") || "–"} |`);
    expect(readme).toContain(`|---|---|---|\n${rows.join("\n")}\n\n`);
    const needs = Object.entries(storeNeeds).map(([need, means]) => `| \`${need}\` | ${means} |`);
    expect(readme).toContain(`|---|---|\n${needs.join("\n")}\n\n`);
    const needed = new Set(storeChecks.flatMap((check) => check.needs));
    expect(Object.keys(storeNeeds).filter((need) => !needed.has(need as StoreNeed))).toEqual([]);
  });

  it("a call that is wrong is refused, and says what was probably meant", () => {
    const refused = (options: object, message: string) => {
      const error = expect.objectContaining({ code: "LOOPS_CONFIG", message: expect.stringContaining(message) });
      expect(() => storeConformance({ test: () => {}, name: "store", ...sound, ...options })).toThrow(error);
    };
    refused({ test: undefined }, "[store] test must be the function of your runner");
    refused({ create: undefined }, "[store] create must be a function");
    refused({ capabilities: { killabel: true } }, 'in capabilities "killabel" is unknown; did you mean "killable"?');
    refused({ knownGap: [] }, 'did you mean "knownGaps"?');
  });

  it("a known gap passes while it is open, fails once it is closed, and has to name a check", async () => {
    const [open] = brokenStores.filter(({ breaks }) => breaks === "read-on");
    expect([...(await collect({ ...open, knownGaps: ["read-on"] })).keys()]).toEqual([]);
    const closed = await collect({ knownGaps: ["read-on"] });
    expect(closed.get("read-on")?.message).toContain("Delete it from knownGaps");
    expect(() => plan({ knownGaps: ["read-no"] })).toThrow('the known gap "read-no" names no check');
    expect(() => plan({ knownGaps: ["kill"] })).toThrow('"kill" names a check that the capabilities leave out');
  });
});

describe("what a failure says", () => {
  it("the promise, what was expected, what was seen and how it is mended", async () => {
    const [broken] = brokenStores.filter(({ breaks }) => breaks === "read-on");
    const message = (await collect({ ...broken })).get("read-on")?.message ?? "";
    expect(message.split("\n")).toEqual([
      '[store] breaks the promise "a follower that says how many events it has had is given the others" (read-on)',
      expect.stringMatching(/^ {2}expected: readEvents\(loop, id, 1\) returns: kit-2 /),
      expect.stringMatching(/^ {2}seen: {5}kit-1 \(loop_start\), kit-2/),
      "  mend:     Let readEvents(loop, runId, after) leave out the first `after` events.",
    ]);
  });

  it("with which exit code the child of a kill ended by itself, and what it said", async () => {
    const child = { script: new URL("../fixtures/exits-with-code.mjs", import.meta.url) };
    const create = () => ({ ...killableSubject(), child });
    const failures = await collect({ create, capabilities: { killable: true } });
    expect(failures.get("kill")?.message).toContain("0 times. It ended by itself (exit code 3). It says: no such file");
  });

  it("that what create returned could not be tried, and that the store never answered", async () => {
    const missing = await collect({ create: () => ({ store: modelSubject().store }) });
    expect(missing.get("declaration")?.message).toContain("create() returns reopen beside the capability shared");
    expect(missing.get("corrupt")?.message).toContain("was not tried for the promise");
    const nothing = await collect({ create: () => ({}) as StoreSubject, capabilities: {} });
    expect(nothing.get("declaration")?.message).toContain("store has the methods create, acquire");
    const never = () => new Promise<never>(() => {});
    const hanging = { store: { ...modelSubject().store, create: never } };
    const failures = await collect({ create: () => hanging, capabilities: {}, patienceMs: 50 });
    expect(failures.get("seq")?.message).toContain("it never ended");
  });
});
