/** Why a database refused. Pure: by the codes of SQLite, whatever the driver, and of PostgreSQL. */
export type FailureKind =
  /** Somebody else has the lock; soon again. */
  | "busy"
  /** No room on the disk, or none left in the file. */
  | "full"
  | "read-only"
  /** Damaged, or no database at all. */
  | "corrupt"
  /** Cannot be opened, read, or reached. */
  | "unavailable"
  /** The content is refused: a constraint, a trigger, a type. */
  | "refused"
  | "other";

/** SQLite's primary result codes (https://sqlite.org/rescode.html). */
const sqlite: Readonly<Record<number, FailureKind>> = {
  5: "busy",
  6: "busy",
  7: "unavailable",
  8: "read-only",
  10: "unavailable",
  11: "corrupt",
  13: "full",
  14: "unavailable",
  15: "busy",
  18: "refused",
  19: "refused",
  20: "refused",
  26: "corrupt",
};

const names: Readonly<Record<string, number>> = {
  SQLITE_ERROR: 1,
  SQLITE_PERM: 14,
  SQLITE_BUSY: 5,
  SQLITE_LOCKED: 6,
  SQLITE_NOMEM: 7,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_PROTOCOL: 15,
  SQLITE_TOOBIG: 18,
  SQLITE_CONSTRAINT: 19,
  SQLITE_MISMATCH: 20,
  SQLITE_NOTADB: 26,
};

/** SQLSTATE, whole or its class (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const postgres: Readonly<Record<string, FailureKind>> = {
  "22": "refused",
  "23": "refused",
  "25006": "read-only",
  "40": "busy",
  "53100": "full",
  "53": "unavailable",
  "54": "refused",
  "55P03": "busy",
  "57": "unavailable",
  "58": "unavailable",
  "08": "unavailable",
  XX001: "corrupt",
  XX002: "corrupt",
};

export function failureOf(error: unknown): FailureKind {
  const code = sqliteCode(error);
  if (code !== undefined) return sqlite[code] ?? "other";
  const { code: state } = (error ?? {}) as { code?: unknown };
  if (typeof state !== "string") return "other";
  if (/^[0-9A-Z]{5}$/.test(state)) return postgres[state] ?? postgres[state.slice(0, 2)] ?? "other";
  return /^(E[A-Z]{3,}|ERR_SOCKET\w*)$/.test(state) ? "unavailable" : "other";
}

/** The primary result code of SQLite behind an error of any driver; `undefined` for other errors. */
export function sqliteCode(error: unknown): number | undefined {
  const { errcode, rawCode, code, message } = (error ?? {}) as Record<string, unknown>;
  // node:sqlite, then libsql, then better-sqlite3, whose names may carry an extension: SQLITE_BUSY_SNAPSHOT.
  if (typeof errcode === "number") return errcode & 0xff;
  if (typeof rawCode === "number") return rawCode & 0xff;
  if (typeof code === "string" && code.startsWith("SQLITE_")) {
    return names[code] ?? names[code.split("_", 2).join("_")];
  }
  const opening = typeof message === "string" ? /^ConnectionFailed\(.*: (\d+)"\)$/s.exec(message) : null;
  return opening === null ? undefined : Number(opening[1]) & 0xff;
}

/** Somebody else holds the lock: the same may succeed a moment later. */
export const isBusy = (error: unknown): boolean => failureOf(error) === "busy";
