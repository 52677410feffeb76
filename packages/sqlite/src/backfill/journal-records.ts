import { readNdjson } from "@loops/core/ndjson";

type Fields = Readonly<Record<string, unknown>>;

/** A journal has a commit within its first lines; a file of events that has none in so many never will. */
const maxUncommitted = 1000;

/**
 * The events of a journal, or of any file of events, in order. Of a journal only what was committed: lines behind the
 * last `commit`, and commits of an older owner behind a newer one, never happened. Its `seq` and `commit` are the store's.
 */
export async function* journalRecords(path: string, onBad: () => void): AsyncGenerator<Fields> {
  let pending: Fields[] = [];
  let isJournal: boolean | undefined;
  let epoch = 0;
  for await (const { value } of readNdjson(path, { onBad })) {
    pending.push(value);
    const own = commitEpoch(value);
    if (own !== undefined) {
      isJournal = true;
      if (own >= epoch) {
        epoch = own;
        yield* pending.map(withoutMark);
      }
      pending = [];
    } else if (isJournal === false || (isJournal === undefined && pending.length >= maxUncommitted)) {
      isJournal = false;
      yield* pending;
      pending = [];
    }
  }
  if (isJournal !== true) yield* pending;
}

/** Another's event may have a field `commit` of its own, such as a hash. */
function commitEpoch({ commit }: Fields): number | undefined {
  const { epoch } = (commit ?? {}) as { readonly epoch?: unknown };
  return typeof epoch === "number" ? epoch : undefined;
}

function withoutMark({ seq: _seq, commit: _commit, ...event }: Fields): Fields {
  return event;
}
