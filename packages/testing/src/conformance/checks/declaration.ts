import type { Check } from "../check.js";
import { faultNames } from "../options.js";
import { demand } from "../violation.js";

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
      for (const [capability, property] of [
        ["killable", "child"],
        ["log", "log"],
      ] as const) {
        const declares = Boolean(harness.capabilities[capability]);
        const there = harness.subject[property] !== undefined;
        const seen = there
          ? "it is there, and not declared: what needs it is not tried"
          : "create() does not return it";
        demand(there === declares, `${property} is there if capabilities.${capability} says so`, seen, {
          mend: `Declare capabilities.${capability}, and return ${property} from create().`,
        });
      }
      const needsHeal = declared.includes("fail") || declared.includes("stall");
      demand(!needsHeal || typeof faults["heal"] === "function", "faults.heal ends each fault", "it is not there", {
        mend: "Return faults.heal: it ends fail and stall, and does nothing where nothing is wrong.",
      });
      const reopens = typeof faults["reopen"] === "function";
      demand(
        reopens === declared.includes("crash"),
        'faults.reopen is there with "crash"',
        `it is ${reopens ? "" : "not "}there`,
      );
      const ids = harness.emit(1);
      await harness.flush();
      const observed = await harness.observe(ids);
      const mend = "Let observe() read the target and return the events themselves, each with its id.";
      harness.requireArrived(ids, observed, "observe() shows an event that was emitted, by its id", { mend });
    },
  },
];
