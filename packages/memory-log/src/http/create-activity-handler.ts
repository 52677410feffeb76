import { type EventLog, LoopsError, timerMs } from "@loops/core";
import { type ActivityHandlerOptions, resolveActivityOptions } from "./activity-options.js";
import { type ActivityRequest, parseActivityRequest } from "./activity-request.js";
import { corsHeaders, preflightHeaders } from "./cors.js";
import { EventStream } from "./event-stream.js";
import { encodePage } from "./json-page.js";
import { sseFrame } from "./sse-frame.js";

/** Answers requests for what happens, as `fetch` would have them answered. It looks at no path: that is the server's. */
export interface ActivityHandler {
  (request: Request): Promise<Response>;
  /** How many streams are open now. */
  readonly openStreams: number;
}

type ReadableLog = Pick<EventLog, "query" | "tail">;
type Headers = Readonly<Record<string, string>>;

const jsonType = { "Content-Type": "application/json; charset=utf-8" };
const streamHeaders = {
  "Content-Type": "text/event-stream; charset=utf-8",
  // A proxy that compresses or collects would hold events back.
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
};
const busyRetrySeconds = "5";

/**
 * A handler that shows a log to readers over HTTP: as JSON pages, and as a stream of Server-Sent Events for who accepts
 * `text/event-stream` or asks for `?stream`. Works with every `EventLog`, and with every server that speaks Request and
 * Response.
 *
 * Guarantee: events in the order of the log; each at most once a stream, and exactly once over reconnects that bring
 * back `Last-Event-ID`, as long as the log keeps them. What it no longer keeps is told as a gap. A reader that is slow
 * holds a place in the log and at most one chunk.
 *
 * What the log or `authorize` throws is thrown on: the server answers 500, or breaks the stream off.
 *
 * @throws LoopsError `LOOPS_CONFIG` when an option is of the wrong kind or not known, and for a log that cannot be
 * followed, such as that of `createMemoryLog`
 */
export function createActivityHandler(log: ReadableLog, options?: ActivityHandlerOptions): ActivityHandler {
  if (typeof log?.query !== "function" || typeof log.tail !== "function") {
    const what = "needs a log with query and tail, such as memoryLogTransport(); that of createMemoryLog has no tail";
    throw new LoopsError("LOOPS_CONFIG", `[memory-log/http] ${what}`);
  }
  const resolved = resolveActivityOptions(options);
  const { authorize, allowedOrigins, maxStreams, maxPageBytes } = resolved;
  const withOrigin = allowedOrigins.length > 0;
  const allow = withOrigin ? "GET, HEAD, OPTIONS" : "GET, HEAD";
  let openStreams = 0;

  async function answer(request: Request): Promise<Response> {
    const cors = corsHeaders(request.headers.get("origin"), allowedOrigins);
    const common = {
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      Vary: withOrigin ? "Accept, Origin" : "Accept",
      ...cors,
    };
    if (request.method === "OPTIONS" && cors !== null) {
      return new Response(null, { status: 204, headers: { ...common, ...preflightHeaders } });
    }
    if (request.method !== "GET" && request.method !== "HEAD") {
      return json(request, 405, error(`${request.method} is not possible here; use GET`), { ...common, Allow: allow });
    }
    const allowed = authorize === undefined || (await authorize(request));
    if (typeof allowed === "object" && allowed !== null) return allowed;
    if (allowed !== true) return json(request, 403, error("you may not read this"), common);
    const asked = parseActivityRequest(request, resolved);
    if (typeof asked === "string") return json(request, 400, error(asked), common);
    const { live, ...query } = asked;
    if (live) return stream(request, asked, common);
    return json(request, 200, encodePage(await log.query(query), maxPageBytes), common);
  }

  async function stream(request: Request, { since, filter }: ActivityRequest, common: Headers): Promise<Response> {
    const headers = { ...common, ...streamHeaders };
    if (request.method === "HEAD") return new Response(null, { headers });
    if (openStreams >= maxStreams) {
      const busy = { ...common, "Retry-After": busyRetrySeconds };
      return json(request, 503, error(`all ${maxStreams} streams are taken; try again later`), busy);
    }
    openStreams++;
    const release = once(() => {
      openStreams--;
    });
    try {
      // A reader that is cut off before its first event comes back to the place where it began.
      const start = since ?? (await log.query({ limit: 0 })).next;
      const opening = sseFrame({
        retry: timerMs(resolved.retryMs),
        ...(since === undefined ? { id: start } : undefined),
      });
      const { heartbeatMs } = resolved;
      const events = new EventStream(log, { since: start, filter, request, opening, heartbeatMs, onEnd: release });
      // To EventSource 204 means: do not come back.
      if (await events.atEnd()) return new Response(null, { status: 204, headers: common });
      return new Response(events.body, { headers });
    } catch (failure) {
      release();
      throw failure;
    }
  }

  // Adapters look at the number of parameters: this must be a function of one.
  const handler = (request: Request) => answer(request);
  return Object.defineProperty(handler, "openStreams", { get: () => openStreams }) as ActivityHandler;
}

function error(message: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify({ error: message }));
}

function json({ method }: Request, status: number, body: Uint8Array<ArrayBuffer>, common: Headers): Response {
  const headers = { ...common, ...jsonType, "Content-Length": String(body.length) };
  return new Response(method === "HEAD" ? null : body, { status, headers });
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
