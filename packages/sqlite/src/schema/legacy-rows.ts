/** The rows of version 1 as events; their ids say where they are from. A row keeps its place among those of its table. */
interface LegacyTable {
  readonly name: string;
  readonly kind: string;
  /** The name of the event that a row becomes. */
  readonly event: string;
  readonly columns: readonly string[];
}

const tables: readonly LegacyTable[] = [
  { name: "loop_events", kind: "loop", event: "coalesce(transition, '')", columns: ["loop_name", "state", "retries"] },
  {
    name: "issue_events",
    kind: "issue",
    event: "'issue.' || coalesce(transition, '')",
    columns: ["issue_id", "transition", "discovered_by"],
  },
  {
    name: "tool_events",
    kind: "tool",
    event: "'tool.used'",
    columns: ["session_id", "tool_name", "args_hash", "result_size", "bytes_in", "bytes_out", "cache_hit"],
  },
  {
    name: "file_events",
    kind: "file",
    event: "'file.' || coalesce(op, '')",
    columns: ["session_id", "path", "op", "issue_id", "git_sha"],
  },
  { name: "user_corrections", kind: "correction", event: "'correction'", columns: ["session_id", "content", "source"] },
];

/** `json_patch` leaves out what is null. */
const object = (fields: readonly string[]) => `json_patch('{}', json_object(${fields.join(", ")}))`;

function copied({ name, kind, event, columns }: LegacyTable): string {
  const id = `'v1-${kind}-' || id`;
  const fields = ["event", "ts", "id", ...columns].map((field) => {
    if (field === "event") return `'event', ${event}`;
    return field === "id" ? `'id', ${id}` : `'${field === "loop_name" ? "loop" : field}', ${field}`;
  });
  const loop = kind === "loop" ? "loop_name, state" : "null, null";
  return `insert into events (id, ts, event, loop, state, kind, json)
    select ${id}, coalesce(ts, ''), ${event}, ${loop}, '${kind}', ${object(fields)} from ${name} order by id`;
}

const loopText = "trim(coalesce(loop_name || ' ', '') || coalesce(state || ' ', '') || coalesce(transition, ''))";

/**
 * What the index had besides: its rows of kind `loop` say nothing that the rows of `loop_events` do not, the others may.
 * Their text is found as before, with its `kind`, `ref` and `anchor`.
 */
const searchRows = `insert into events (id, ts, event, json)
  select 'v1-search-' || rowid, coalesce(ts, ''), 'search.' || kind, ${object([
    "'event', 'search.' || kind",
    "'ts', ts",
    "'id', 'v1-search-' || rowid",
    "'content', content",
    "'kind', kind",
    "'ref', ref",
    "'anchor', anchor",
  ])}
  from search_index
  where kind is not 'loop' or ts || content not in (select coalesce(ts, '') || ${loopText} from loop_events)`;

export const legacyRows: readonly string[] = [
  ...tables.map(copied),
  searchRows,
  "drop table search_index",
  ...tables.map(({ name }) => `drop table ${name}`),
];
