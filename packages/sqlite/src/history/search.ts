import { errorMessage, type LoopEvent, LoopsError } from "@loops/core";
import { sql } from "kysely";
import type { AnyKysely, DatabaseKind } from "../database/database-kind.js";
import { sqliteCode } from "../database/failure.js";
import { storedText } from "../rows/exact-json.js";
import { wordsOf } from "../schema/indexed-text.js";
import { eventOf } from "./event-of.js";
import { checkedFilter, checkedLimit } from "./limits.js";

export interface SearchOptions {
  /** Best ones first. @default 20 */
  readonly limit?: number | undefined;
  /**
   * Takes the query in the syntax of the database: of FTS5 on SQLite (`"a phrase" OR wor* NOT other`), of `to_tsquery`
   * on PostgreSQL. @default false
   */
  readonly raw?: boolean | undefined;
}

export interface SearchHit {
  /** What was searched. */
  readonly content: string;
  readonly kind: string;
  /** The loop, or what a host's event refers to; empty without one. */
  readonly ref: string;
  /** Where to look, such as `.loops/fix.yaml`; empty without one. */
  readonly anchor: string;
  readonly ts: string;
  /** Lower is better: BM25 on SQLite, the negated `ts_rank` on PostgreSQL. */
  readonly score: number;
  readonly event: LoopEvent;
}

/** @throws LoopsError `LOOPS_SEARCH_SYNTAX` */
export async function search(
  db: AnyKysely,
  kind: DatabaseKind,
  query: string,
  options?: SearchOptions,
): Promise<SearchHit[]> {
  const { limit = 20, raw = false } = checkedFilter(options, ["limit", "raw"]);
  if (typeof query !== "string") throw syntax(String(query), "a query is a text");
  const rows = checkedLimit(limit);
  const text = raw ? query : quoted(query, kind);
  const found = kind === "sqlite" ? sqliteHits(text, rows) : postgresHits(text, rows);
  try {
    const { rows: hits } = await found.execute(db);
    return hits.map(({ json, raw: exact, ...hit }) => ({
      ...hit,
      score: Number(hit.score),
      event: eventOf({ json, raw: exact }),
    }));
  } catch (error) {
    if (raw && isSyntax(error, kind)) throw syntax(query, errorMessage(error), error);
    throw error;
  }
}

type HitRow = Omit<SearchHit, "event"> & { readonly json: unknown; readonly raw: string | null };

/** The best positions first, and only of those the text: it is made from the event each time. */
const sqliteHits = (query: string, limit: number) => sql<HitRow>`
  select content, c.kind, ref, anchor, c.ts, found.rank as score, json, raw
  from (select rowid, rank from search_index where search_index match ${query} order by rank limit ${limit}) as found
  join search_content c on c.position = found.rowid join events e on e.position = found.rowid order by score, e.position`;

const postgresHits = (query: string, limit: number) => sql<HitRow>`
  select content, s.kind, ref, anchor, s.ts, score, json, raw
  from (select position, -ts_rank(search, query) as score from events, to_tsquery('simple', ${query}) as query
    where search @@ query order by score, position limit ${limit}) as found
  join search_index s using (position) join events using (position) order by score, position`;

/**
 * Each word a phrase of its parts, so that `fix-types` is one thing and no operator; all have to be there. FTS5 cuts a
 * phrase as it cut the text: only it knows how it takes apart what is neither Latin nor Greek nor Cyrillic.
 */
function quoted(query: string, kind: DatabaseKind): string {
  const phrases = query.split(/\s+/u).filter((phrase) => wordsOf(phrase).length > 0);
  if (phrases.length === 0) throw syntax(query, "there is no word in it");
  return kind === "sqlite"
    ? phrases.map((phrase) => `"${storedText(phrase).replaceAll('"', '""')}"`).join(" ")
    : phrases.map((phrase) => `(${wordsOf(phrase).join(" <-> ")})`).join(" & ");
}

/** FTS5 tells what it cannot read with the code that stands for most mistakes, 1; the statement around it makes none. */
function isSyntax(error: unknown, kind: DatabaseKind): boolean {
  if (kind === "sqlite") return sqliteCode(error) === 1;
  const { code } = (error ?? {}) as { code?: unknown };
  return code === "42601";
}

function syntax(query: string, why: string, cause?: unknown): LoopsError {
  const message = `[sqlite] the query ${JSON.stringify(query)} cannot be searched for: ${why}`;
  return new LoopsError("LOOPS_SEARCH_SYNTAX", message, cause === undefined ? undefined : { cause });
}
