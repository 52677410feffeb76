import { LoopsError } from "@loops/core";

/**
 * Refuses options that nobody knows: a bound with a typo in its name would quietly not hold.
 *
 * @throws LoopsError `LOOPS_CONFIG` naming the option, and the one that is likely meant
 */
export function checkKnown(where: string, given: object, known: readonly string[]): void {
  for (const name of Object.keys(given)) {
    if (known.includes(name)) continue;
    const meant = known.find((one) => isAlike(name.toLowerCase(), one.toLowerCase()));
    const hint = meant === undefined ? `known are ${known.join(", ")}` : `did you mean ${meant}?`;
    throw new LoopsError("LOOPS_CONFIG", `[${where}] the option ${name} is not known; ${hint}`);
  }
}

/** At most two letters are left between what both begin and what both end with, so any one slip is alike. */
function isAlike(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let [endA, endB] = [a.length, b.length];
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  return endA - start <= 2 && endB - start <= 2;
}
