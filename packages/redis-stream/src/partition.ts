/** The stream and its partitions: `["maf:events"]`, or `["maf:events:{0}", "maf:events:{1}", …]`. */
export function streamKeys(stream: string, partitions: number): readonly string[] {
  if (partitions === 1) return [stream];
  // Braces are a hash tag: a Redis Cluster places a key by what stands in them, and so spreads the partitions.
  return Array.from({ length: partitions }, (_, index) => `${stream}:{${index}}`);
}

/**
 * Which of `partitions` an event goes to. Events with the same text or number in the field `by` go to the same one, so
 * that they stay in order; those without it go to the first.
 *
 * @param by @default "run_id"
 */
export function partitionOf(event: Readonly<Record<string, unknown>>, partitions: number, by = "run_id"): number {
  if (partitions === 1) return 0;
  const key = event[by];
  if (typeof key !== "string" && typeof key !== "number") return 0;
  return fnv1a(String(key)) % partitions;
}

/** FNV-1a over UTF-16 units, 32 bits. Never to be changed: a run would change its partition. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
