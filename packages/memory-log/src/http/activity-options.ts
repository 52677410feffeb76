import { LoopsError, withDefaults } from "@loops/core";
import { checkKnownOptions } from "@loops/core/names";

/** Options of `createActivityHandler`. */
export interface ActivityHandlerOptions {
  /**
   * Asked before anything is read, and only once for a stream. `true` lets the request in, `false` answers 403, and a
   * Response is the answer itself, for example a 401. @default everybody may read
   */
  readonly authorize?: ((request: Request) => boolean | Response | Promise<boolean | Response>) | undefined;
  /**
   * Origins whose pages may read the answers (CORS): `"https://example.com"`, a list, or `"*"` for every page.
   * @default none: pages of the same origin only
   */
  readonly allowOrigin?: string | readonly string[] | undefined;
  /** Events of a page where the request does not say. @default 100 */
  readonly defaultLimit?: number | undefined;
  /** Events of a page at most; a request for more gets so many. @default 1000 */
  readonly maxLimit?: number | undefined;
  /** Bytes of a page's events, at most; a page holds at least one. @default 1048576 (1 MiB) */
  readonly maxPageBytes?: number | undefined;
  /** Streams open at once; a further one is answered with 503. @default 256 */
  readonly maxStreams?: number | undefined;
  /** A stream in which nothing happens sends a comment so often, in milliseconds; 0 is never. @default 15000 */
  readonly heartbeatMs?: number | undefined;
  /** What a stream tells EventSource to wait before it connects again, in milliseconds. @default 2000 */
  readonly retryMs?: number | undefined;
}

const defaults = {
  defaultLimit: 100,
  maxLimit: 1000,
  maxPageBytes: 1_048_576,
  maxStreams: 256,
  heartbeatMs: 15_000,
  retryMs: 2_000,
};

/** {@link ActivityHandlerOptions} with every default filled in. */
export interface ResolvedActivityOptions extends Readonly<Record<keyof typeof defaults, number>> {
  readonly authorize: ActivityHandlerOptions["authorize"];
  readonly allowedOrigins: readonly string[];
}

/** @throws LoopsError `LOOPS_CONFIG` naming the option that is of the wrong kind or not known */
export function resolveActivityOptions(options: ActivityHandlerOptions = {}): ResolvedActivityOptions {
  checkKnownOptions("memory-log/http", options, [...Object.keys(defaults), "authorize", "allowOrigin"]);
  const { authorize, allowOrigin = [], ...given } = options;
  if (authorize !== undefined && typeof authorize !== "function") {
    throw new LoopsError("LOOPS_CONFIG", "[memory-log/http] authorize must be a function");
  }
  const allowedOrigins = typeof allowOrigin === "string" ? [allowOrigin] : allowOrigin;
  for (const origin of allowedOrigins) checkOrigin(origin);
  return { ...withDefaults("memory-log/http", given, defaults), authorize, allowedOrigins };
}

/** An origin that is not written as browsers write it would never match, and nobody would know why. */
function checkOrigin(origin: string): void {
  if (origin === "*" || (URL.canParse(origin) && new URL(origin).origin === origin)) return;
  throw new LoopsError(
    "LOOPS_CONFIG",
    `[memory-log/http] allowOrigin must be "*" or origins like "https://example.com", not ${JSON.stringify(origin)}`,
  );
}
