import { maxIndexedChars } from "./indexed-text.js";

const field = (name: string) => `json_extract(json, '$.${name}')`;
const columns = (names: readonly string[]) => names.map((name) => `${field(name)} as ${name}`).join(", ");

/** The part of a name behind its first dot: `closed` of `issue.closed`. */
const behindDot = "nullif(substr(event, instr(event || '.', '.') + 1), '')";

const view = (name: string, kind: string, own: string) =>
  `create view ${name} as select position as id, ts, ${own}, id as event_id, run_id, json, raw
   from events where kind = '${kind}'`;

/**
 * What the index has of an event. Texts that every event of a run has would only make it larger. What came from the
 * index of version 1 keeps its text as it was; what came from its tables was found by that, and adds nothing.
 */
const content = `case when id glob 'v1-search-*' then ${field("content")} when id glob 'v1-[^ls]*' then '' else
  substr(coalesce(loop || ' ', '') || coalesce(state || ' ', '') || event || coalesce(' ' ||
  (select group_concat(value, ' ') from json_each(events.json) where type = 'text'
    and key not in ('event', 'ts', 'id', 'loop', 'state', 'run_id', 'parent_run_id')), '')
  || coalesce(' ' || ${field("error.type")}, '') || coalesce(' ' || ${field("error.message")}, ''),
  1, ${maxIndexedChars}) end`;

/**
 * The views, and the full text index. The index is one of external content: it holds words, and reads the text from
 * `search_content`, so that no text is stored twice. Whoever writes an event adds it in the same transaction; whoever
 * deletes one takes it out before.
 *
 * Merging is done by the writer, some pages with each batch: left to FTS5, one batch in many takes ten times as long.
 */
export const sqliteViews: readonly string[] = [
  view(
    "loop_events",
    "loop",
    `coalesce(loop, ${field("loop_name")}) as loop_name,
     case event when 'loop_complete' then coalesce(${field("terminated_by")}, ${field("outcome")}, state)
       when 'route' then coalesce(${field("from")}, state) else state end as state,
     event as transition,
     case json_type(json, '$.retries') when 'integer' then ${field("retries")} end as retries,
     ${field("to")} as next_state`,
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
    columns(["session_id", "tool_name", "args_hash", "result_size", "bytes_in", "bytes_out", "cache_hit"]),
  ),
  view(
    "file_events",
    "file",
    `${columns(["session_id", "path"])}, coalesce(${field("op")}, ${behindDot}) as op, ${columns(["issue_id", "git_sha"])}`,
  ),
  view("user_corrections", "correction", columns(["session_id", "content", "source"])),
  `create view search_content as select position, ${content} as content,
    coalesce(case when id glob 'v1-search-*' then ${field("kind")} else kind end, 'loop') as kind,
    coalesce(${field("ref")}, loop, '') as ref,
    coalesce(${field("anchor")}, '.loops/' || loop || '.yaml', '') as anchor, ts from events`,
  `create virtual table search_index using fts5(content, kind unindexed, ref unindexed, anchor unindexed, ts unindexed,
    content = 'search_content', content_rowid = 'position')`,
  "insert into search_index(search_index, rank) values ('automerge', 0)",
  // So many parts are merged at once: with fewer, a word would be written more often the larger the index is.
  "insert into search_index(search_index, rank) values ('usermerge', 16)",
  "insert into search_index(search_index, rank) values ('crisismerge', 64)",
  "insert into search_index(rowid, content) select position, content from search_content",
];
