import { dirname, resolve } from "node:path";
import { badInput } from "./bad-input.js";

/** Where runs are kept, if not in files. */
export type StorePlace = { readonly url: string } | { readonly path: string };

/** What names the place, the first that does; and the file that `configured` is from, beside which its paths lie. */
export interface StoreWishes {
  /** `--store` */
  readonly option?: string | undefined;
  /** `LOOPS_STORE` */
  readonly environment?: string | undefined;
  /** `store:` of the configuration */
  readonly configured?: string | undefined;
  readonly file: string | null;
}

/** @returns `null` for files @throws LoopsError `LOOPS_USAGE` for what names no database */
export function storePlaceOf({ option, environment, configured, file }: StoreWishes): StorePlace | null {
  if (option !== undefined) return placeOf(option, "--store", ".");
  // Set to nothing, it is not set.
  if (environment !== undefined && environment.trim() !== "")
    return placeOf(environment, "the variable LOOPS_STORE", ".");
  return configured === undefined ? null : placeOf(configured, `${file}: store`, dirname(file ?? "."));
}

/** The place for people: a URL without what is secret in it. */
export function describePlace(place: StorePlace): string {
  if ("path" in place) return place.path;
  const { protocol, host, pathname } = urlOf(place.url) ?? { protocol: "postgres:", host: "", pathname: "" };
  return `${protocol}//${host}${pathname}`;
}

function placeOf(text: string, from: string, base: string): StorePlace {
  if (/^postgres(?:ql)?:\/\//.test(text)) {
    if (urlOf(text) !== null) return { url: text };
    const form = "postgres://user:password@host:5432/database";
    throw badInput(`${from} is no URL of a PostgreSQL: ${form}, with / : @ # % in a password as %2F %3A and so on`);
  }
  const path = /^sqlite:(.+)$/s.exec(text)?.[1] ?? (/\.(?:db|sqlite3?)$/i.test(text) ? text : undefined);
  if (path !== undefined && !isUrl(path)) return { path: resolve(base, path) };
  throw badInput(`${from} must be postgres://…, sqlite:<path>, or a path that ends in .db`);
}

/** `null` for what is none; a password with a `#` in it ends there, and what is behind it nobody would read. */
function urlOf(text: string): URL | null {
  // A socket is named without a host, which a URL with a user may not be.
  const url = text.replace("@/", "@localhost/");
  return URL.canParse(url) && !url.includes("#") ? new URL(url) : null;
}

/** `file:runs.db`, and `//host/runs.db` as in `sqlite://runs.db`; not `C:\\runs.db`, and not `///runs.db`. */
const isUrl = (path: string) => /^(?:[a-z][a-z\d+.-]+:|\/\/(?!\/))/i.test(path);
