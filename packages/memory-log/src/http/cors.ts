/** The headers that let a page of another origin read an answer; `null` where it may not. */
export function corsHeaders(origin: string | null, allowed: readonly string[]): Record<string, string> | null {
  if (allowed.includes("*")) return { "Access-Control-Allow-Origin": "*" };
  if (origin === null || !allowed.includes(origin)) return null;
  return { "Access-Control-Allow-Origin": origin };
}

/** What a page may ask for once it was let in: EventSource needs none of it, `fetch` with a token does. */
export const preflightHeaders = {
  "Access-Control-Allow-Methods": "GET, HEAD",
  "Access-Control-Allow-Headers": "Authorization, Last-Event-ID",
  "Access-Control-Max-Age": "600",
};
