import type { Migration } from "../database/migrate.js";

/**
 * The tables of the system before this one, so that a file of it and a new one take the same way from here on. There
 * was never such a database on PostgreSQL.
 */
export const version1: Migration = (_db, kind) =>
  kind === "postgres"
    ? []
    : [
        `create table if not exists loop_events (
          id integer primary key autoincrement, ts text, loop_name text, state text, transition text, retries integer)`,
        `create table if not exists issue_events (
          id integer primary key autoincrement, ts text, issue_id text, transition text, discovered_by text)`,
        `create table if not exists user_corrections (
          id integer primary key autoincrement, ts text, session_id text, content text, source text)`,
        `create table if not exists tool_events (
          id integer primary key autoincrement, ts text, session_id text, tool_name text, args_hash text,
          result_size integer, bytes_in integer, bytes_out integer, cache_hit integer)`,
        `create table if not exists file_events (
          id integer primary key autoincrement, ts text, session_id text, path text, op text, issue_id text, git_sha text)`,
        `create virtual table if not exists search_index using fts5(
          content, kind unindexed, ref unindexed, anchor unindexed, ts unindexed)`,
      ];
