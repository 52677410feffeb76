/** What to say of an option that nobody knows, with the one that is likely meant. */
export function unknownOption(name: string, known: readonly string[]): string {
  const meant = known.find((one) => isAlike(name.toLowerCase(), one.toLowerCase()));
  const hint = meant === undefined ? `known are ${known.join(", ")}` : `did you mean ${meant}?`;
  return `[jsonl] the option ${name} is not known and has no effect; ${hint}`;
}

/** Equal but for one letter too many, one missing, or another one, or two that changed places. */
function isAlike(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let same = 0;
  while (same < a.length && a[same] === b[same]) same++;
  const [restA, restB] = [a.slice(same), b.slice(same)];
  const swapped = `${restB[1] ?? ""}${restB[0] ?? ""}${restB.slice(2)}`;
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1) || restA === swapped;
}
