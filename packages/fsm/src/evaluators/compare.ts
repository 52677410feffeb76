import type { Operator } from "../definition/types.js";

const comparisons: Readonly<Record<Operator, (value: number, target: number) => boolean>> = {
  eq: (value, target) => value === target,
  ne: (value, target) => value !== target,
  lt: (value, target) => value < target,
  le: (value, target) => value <= target,
  gt: (value, target) => value > target,
  ge: (value, target) => value >= target,
};

/** Whether `value <operator> target` holds; `null` where there is no such operator. `NaN` equals nothing. */
export function compare(value: number, operator: string, target: number): boolean | null {
  return Object.hasOwn(comparisons, operator) ? comparisons[operator as Operator](value, target) : null;
}

export function unknownOperator(operator: string): string {
  return `there is no operator ${JSON.stringify(operator)}: use ${Object.keys(comparisons).join(", ")}`;
}
