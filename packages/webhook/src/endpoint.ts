import { LoopsError } from "@loops/core";

/** Where to post, without credentials in the address. */
export interface Endpoint {
  readonly href: string;
  /** What may be shown in messages: a path or a query may hold a token, too. */
  readonly shown: string;
  /** Of each request; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Set by the sink or by HTTP itself for each request. */
const reserved = ["webhook-id", "webhook-timestamp", "webhook-signature", "content-length", "content-encoding"];
const hopByHop = ["connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"];

/**
 * What stands before `@` in the address becomes an `Authorization` header, since `fetch` refuses it there; a header of
 * the caller goes before it.
 *
 * @throws LoopsError `LOOPS_CONFIG`; neither the address nor a value of a header is ever shown
 */
export function endpointOf(given: string | URL, givenHeaders: Readonly<Record<string, string>> = {}): Endpoint {
  const url = parseUrl(given);
  const headers = parseHeaders(givenHeaders);
  const { username, password, origin } = url;
  const hasTarget = url.pathname !== "/" || url.search !== "";
  if (username !== "" || password !== "") {
    const credentials = Buffer.from(`${decode(username)}:${decode(password)}`).toString("base64");
    headers["authorization"] ??= `Basic ${credentials}`;
    url.username = "";
    url.password = "";
  }
  url.hash = "";
  return { href: url.href, shown: hasTarget ? `${origin}/…` : origin, headers };
}

function parseUrl(given: unknown): URL {
  const text = given instanceof URL ? given.href : given;
  // The error of `new URL` has the address in it.
  const url = typeof text === "string" && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new LoopsError("LOOPS_CONFIG", '[webhook] url must be an address such as "https://example.org/hook"');
  }
  return url;
}

function parseHeaders(given: unknown): Record<string, string> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new LoopsError("LOOPS_CONFIG", "[webhook] headers must be an object of names and texts");
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    if (reserved.includes(key) || hopByHop.includes(key)) {
      throw new LoopsError("LOOPS_CONFIG", `[webhook] the header ${name} is set by the sink or by HTTP: leave it out`);
    }
    if (typeof value !== "string" || !isHeader(key, value)) {
      throw new LoopsError("LOOPS_CONFIG", `[webhook] the header ${JSON.stringify(name)} or its value is not valid`);
    }
    headers[key] = value;
  }
  return headers;
}

function isHeader(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name);
  } catch {
    // What it says has the value in it.
    return false;
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // A lone percent sign stands for itself.
  }
}
