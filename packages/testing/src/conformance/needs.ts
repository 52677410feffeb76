import type { FaultName, TransportCapabilities } from "./options.js";

/** What a check asks for. */
export type Need =
  | FaultName
  | "fault"
  | "backlog"
  | "queued"
  | "durable"
  | "item-bound"
  | "byte-bound"
  | "round-trip"
  | "script"
  | "killable"
  | "log";

interface NeedRule {
  /** What to declare, in words. */
  readonly means: string;
  isMet(capabilities: TransportCapabilities): boolean;
}

function fault(name: FaultName): NeedRule {
  const call = name === "crash" ? "faults.crash and faults.reopen" : `faults.${name}`;
  return { means: `"${name}" in faults: ${call}`, isMet: ({ faults }) => faults?.includes(name) === true };
}

const rules: Readonly<Record<Need, NeedRule>> = {
  fail: fault("fail"),
  stall: fault("stall"),
  poison: fault("poison"),
  crash: fault("crash"),
  fault: {
    means: '"fail" or "stall" in faults',
    isMet: (capabilities) => rules.fail.isMet(capabilities) || rules.stall.isMet(capabilities),
  },
  backlog: {
    means: 'a way to let events pile up: "stall" in faults, or "fail" and queued',
    isMet: (capabilities) =>
      rules.stall.isMet(capabilities) || (rules.fail.isMet(capabilities) && rules.queued.isMet(capabilities)),
  },
  queued: { means: "queued", isMet: ({ queued }) => queued === true },
  durable: { means: "durable", isMet: ({ durable }) => durable === true },
  "item-bound": { means: "bounds.maxQueueItems", isMet: ({ bounds }) => bounds?.maxQueueItems !== undefined },
  "byte-bound": { means: "bounds.maxQueueBytes", isMet: ({ bounds }) => bounds?.maxQueueBytes !== undefined },
  "round-trip": { means: "roundTrip is not false", isMet: ({ roundTrip }) => roundTrip !== false },
  script: { means: "script", isMet: ({ script }) => script !== undefined },
  killable: { means: "killable: child", isMet: ({ killable }) => killable === true },
  log: { means: "log: an EventLog", isMet: ({ log }) => log !== undefined },
};

/** What each need stands for: what to declare in `capabilities`, and after a colon what `create` has to return. */
export const transportNeeds = Object.fromEntries(
  Object.entries(rules).map(([need, { means }]) => [need, means]),
) as Readonly<Record<Need, string>>;

/** Which of `needs` the capabilities do not meet. Pure. */
export function unmetNeeds(needs: readonly Need[], capabilities: TransportCapabilities): Need[] {
  return needs.filter((need) => !rules[need].isMet(capabilities));
}
