import { NotTried, show, Violation } from "../../conformance/violation.js";
import type { StoreCheck } from "../check.js";
import { partOf, type StoreNeed } from "../needs.js";
import type { StoreSubject } from "../options.js";

const METHODS = [
  "create",
  "acquire",
  "find",
  "isOwned",
  "list",
  "history",
  "readEvents",
  "requestStop",
  "archive",
] as const;

/** @throws NotTried when nothing at all can be tried with what `create` returned */
export function requireStore(subject: StoreSubject): void {
  const { store } = (subject ?? {}) as Partial<StoreSubject>;
  const missing = METHODS.filter((method) => typeof store?.[method] !== "function");
  if (missing.length === 0) return;
  const expected = `create() returns { store }, and store has the methods ${METHODS.join(", ")}`;
  throw new NotTried(expected, store === undefined ? `store is ${show(store)}` : `it has no ${missing.join(", no ")}`);
}

export const declarationChecks: readonly StoreCheck[] = [
  {
    id: "declaration",
    title: "the capabilities say what create() can do, and a new store is empty",
    needs: [],
    mend: "Return from create() what the capabilities name, and make a store of its own for each call.",
    async run({ subject, capabilities, store }) {
      for (const [need, part] of Object.entries(partOf) as [StoreNeed, keyof StoreSubject][]) {
        if (capabilities[need] !== true || subject[part] !== undefined) continue;
        throw new NotTried(`create() returns ${part} beside the capability ${need}`, "it is not there");
      }
      const { runs, corrupt } = await store.list();
      if (runs.length + corrupt.length === 0) return;
      throw new Violation(
        "a new store has no run in it",
        `it has ${runs.length}, and ${corrupt.length} that are corrupt`,
      );
    },
  },
];
