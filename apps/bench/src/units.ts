interface UnitRow {
  readonly better: "lower" | "higher";
  /** From nanoseconds for one operation. */
  fromNsPerOp(ns: number): number;
}

/** The units a benchmark may be told in, and which way is better. */
export const units = {
  "ns/op": { better: "lower", fromNsPerOp: (ns) => ns },
  "op/s": { better: "higher", fromNsPerOp: (ns) => 1e9 / ns },
} as const satisfies Record<string, UnitRow>;

export type Unit = keyof typeof units;
