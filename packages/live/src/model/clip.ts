/** At most so many letters of a text, its first ones, or with a negative `max` its last ones; `…` stands for the others. */
export function clip(text: string, max: number): string {
  const length = Math.abs(max);
  if (text.length <= length) return text;
  return max < 0 ? `…${ownCopy(text.slice(max))}` : `${ownCopy(text.slice(0, max))}…`;
}

/** A slice holds on to the whole text that it is of; one of a joined text, to that alone. */
function ownCopy(slice: string): string {
  return ` ${slice}`.slice(1);
}
