import type { Check } from "../check.js";
import { demand } from "../harness.js";

const faultNames = ["fail", "stall", "crash"] as const;

export const declarationChecks: readonly Check[] = [
  {
    id: "declaration",
    title: "the capabilities say what create() can do",
    needs: [],
    mend: 'Name in capabilities.faults each switch that create() returns, and no other: ["fail", "stall"].',
    async run(harness) {
      const { faults = {} as Partial<Record<string, unknown>> } = harness.subject;
      const declared = harness.capabilities.faults ?? [];
      for (const name of faultNames) {
        const there = typeof faults[name] === "function";
        const expected = `faults.${name} is declared and there, or neither`;
        const seen = there
          ? "create() returns it and capabilities.faults does not name it: the checks that need it are not run"
          : "capabilities.faults names it and create() does not return it";
        demand(there === declared.includes(name), expected, seen);
      }
      const needsHeal = declared.includes("fail") || declared.includes("stall");
      demand(!needsHeal || typeof faults["heal"] === "function", "faults.heal ends each fault", "it is not there");
      const reopens = typeof faults["reopen"] === "function";
      demand(
        reopens === declared.includes("crash"),
        'faults.reopen is there with "crash"',
        `it is ${reopens ? "" : "not "}there`,
      );
      const ids = harness.emit(1);
      await harness.flush();
      const observed = await harness.observe(ids);
      harness.requireArrived(ids, observed, "observe() shows an event that was emitted, by its id");
    },
  },
];
