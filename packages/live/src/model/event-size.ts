/** What a value takes in memory, about, in bytes: what counts is that large ones count. Of any depth, also in circles. */
export function sizeOf(value: unknown): number {
  let size = 0;
  const seen = new Set<object>();
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const one = waiting.pop();
    size += 16;
    if (typeof one === "string") size += one.length;
    if (typeof one !== "object" || one === null || seen.has(one)) continue;
    seen.add(one);
    for (const [name, part] of Object.entries(one)) {
      size += name.length;
      waiting.push(part);
    }
  }
  return size;
}
