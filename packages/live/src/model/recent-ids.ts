/** The ids of the latest events, immutable, in blocks, so that adding one does not copy them all. */
export interface RecentIds {
  readonly full: readonly ReadonlySet<string>[];
  readonly open: ReadonlySet<string>;
}

export const noIds: RecentIds = { full: [], open: new Set() };

const blockSize = 1024;

export function hasId({ full, open }: RecentIds, id: string): boolean {
  return open.has(id) || full.some((block) => block.has(id));
}

/** With `ids` added; of the oldest, whole blocks go once there are `max` others. */
export function addIds(before: RecentIds, ids: Iterable<string>, max: number): RecentIds {
  let { full } = before;
  let open = new Set(before.open);
  for (const id of ids) {
    open.add(id);
    if (open.size < blockSize) continue;
    full = [...full, open].slice(-Math.ceil(max / blockSize));
    open = new Set();
  }
  return { full, open };
}
