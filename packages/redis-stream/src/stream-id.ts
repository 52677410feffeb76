/** Before every entry. */
export const beforeAll = "0-0";

/** Ids are `<ms>-<n>`, two whole numbers of up to 64 bits without leading zeros; `<ms>` alone is `<ms>-0`. */
export function isStreamId(text: unknown): text is string {
  return typeof text === "string" && /^\d{1,20}(-\d{1,20})?$/.test(text);
}

/** The order of two ids: negative, zero or positive. */
export function compareIds(a: string, b: string): number {
  const [aMs = "", aSeq = "0"] = a.split("-");
  const [bMs = "", bSeq = "0"] = b.split("-");
  return compareDigits(aMs, bMs) || compareDigits(aSeq, bSeq);
}

/** The greatest id below this one: who reads on behind it begins with this one. */
export function idBefore(id: string): string {
  const [ms = "0", seq = "0"] = id.split("-");
  if (BigInt(seq) > 0n) return `${ms}-${BigInt(seq) - 1n}`;
  return BigInt(ms) > 0n ? `${BigInt(ms) - 1n}-${2n ** 64n - 1n}` : beforeAll;
}

/** Longer is greater; as numbers they would lose their last digits. */
function compareDigits(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
