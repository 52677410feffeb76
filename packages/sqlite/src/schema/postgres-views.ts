const field = (name: string) => `json ->> '${name}'`;
const columns = (names: readonly string[]) => names.map((name) => `${field(name)} as ${name}`).join(", ");
/** A number, where it is one: a view that cannot be read because of one event would be worse. */
const number = (name: string) =>
  `case when jsonb_typeof(json -> '${name}') = 'number' then (json ->> '${name}')::double precision end`;
const behindDot = "nullif(substr(event, strpos(event || '.', '.') + 1), '')";

const view = (name: string, kind: string, own: string) =>
  `create view ${name} as select position as id, ts, ${own}, id as event_id, run_id, json, raw
   from events where kind = '${kind}'`;

/** As on SQLite; the index is a column of `events`, made of words that the writer has cut. */
export const postgresViews: readonly string[] = [
  "create index events_by_word on events using gin (search)",
  view(
    "loop_events",
    "loop",
    `coalesce(loop, ${field("loop_name")}) as loop_name,
     case event when 'loop_complete' then coalesce(${field("terminated_by")}, ${field("outcome")}, state)
       when 'route' then coalesce(${field("from")}, state) else state end as state,
     event as transition, ${number("retries")} as retries, ${field("to")} as next_state`,
  ),
  view(
    "issue_events",
    "issue",
    `${field("issue_id")} as issue_id, coalesce(${field("transition")}, ${behindDot}) as transition,
     ${field("discovered_by")} as discovered_by`,
  ),
  view(
    "tool_events",
    "tool",
    `${columns(["session_id", "tool_name", "args_hash"])}, ${["result_size", "bytes_in", "bytes_out", "cache_hit"]
      .map((name) => `${number(name)} as ${name}`)
      .join(", ")}`,
  ),
  view(
    "file_events",
    "file",
    `${columns(["session_id", "path"])}, coalesce(${field("op")}, ${behindDot}) as op, ${columns(["issue_id", "git_sha"])}`,
  ),
  view("user_corrections", "correction", columns(["session_id", "content", "source"])),
  `create view search_index as select concat_ws(' ', loop, state, event,
      (select string_agg(value #>> '{}', ' ') from jsonb_each(events.json) where jsonb_typeof(value) = 'string'
        and key not in ('event', 'ts', 'id', 'loop', 'state', 'run_id', 'parent_run_id')),
      json #>> '{error,type}', json #>> '{error,message}') as content,
    coalesce(kind, 'loop') as kind, coalesce(${field("ref")}, loop, '') as ref,
    coalesce(${field("anchor")}, '.loops/' || loop || '.yaml', '') as anchor, ts, position, search from events`,
];
