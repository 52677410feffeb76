import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

/** Whom a WebSocket is opened for. */
export interface UpgradeRules {
  readonly path: string;
  /** Origins of pages that may connect, beside those of the same host; `*` is any. */
  readonly origins: readonly string[];
  /** Names by which the server may be called, beside `localhost` and addresses. */
  readonly hosts: readonly string[];
  readonly token: string | undefined;
}

export interface UpgradeRequest {
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** The subprotocol of this wire, and the prefix of one that carries a token: browsers can set no header. */
export const subprotocol = "loops";
const tokenPrefix = "loops.token.";

export type Verdict =
  | { readonly ok: true; readonly query: URLSearchParams }
  | { readonly ok: false; readonly status: 400 | 401 | 403 | 404; readonly why: string };

/** Whether a connection may be upgraded, by its headers alone. Pure. */
export function judgeUpgrade({ url, headers }: UpgradeRequest, rules: UpgradeRules): Verdict {
  const target = parseTarget(url);
  if (target === undefined) return refuse(400, "the address cannot be read");
  if (target.pathname !== rules.path) return refuse(404, `there is nothing at ${target.pathname.slice(0, 80)}`);
  // A page can give its own name the address 127.0.0.1 (DNS rebinding); the name is what gives it away.
  const host = hostName(headers.host);
  if (host === undefined || !(isSafe(host) || rules.hosts.includes(host))) {
    return refuse(403, "Host: the server is not known by this name; see the option hosts");
  }
  const { origin } = headers;
  // Browsers always send Origin, and pages cannot change it. What sends none is no browser.
  const allowed = (one: string) => rules.origins.includes(one) || rules.origins.includes("*");
  if (origin !== undefined && !allowed(origin) && !isSameHost(origin, headers.host)) {
    return refuse(403, "Origin: pages of this origin may not connect; see the option origins");
  }
  if (rules.token !== undefined && !tokensOf(headers, target.searchParams).some((one) => equals(one, rules.token))) {
    return refuse(401, "a token is needed: Authorization: Bearer …");
  }
  return { ok: true, query: target.searchParams };
}

function refuse(status: 400 | 401 | 403 | 404, why: string): Verdict {
  return { ok: false, status, why };
}

function parseTarget(url: string | undefined): URL | undefined {
  try {
    // Only a path is taken: an absolute address would bring a host of its own.
    return url?.startsWith("/") ? new URL(`http://host${url}`) : undefined;
  } catch {
    return undefined;
  }
}

/** The name in a Host header, without port and brackets; `undefined` where it is none. */
function hostName(host: string | undefined): string | undefined {
  try {
    if (host === undefined || /[/@?#\\\s]/.test(host)) return undefined;
    return new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  } catch {
    return undefined;
  }
}

/** A name that no stranger can lead here: an address, which is none, and those that always mean this machine. */
function isSafe(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || isIP(name) !== 0;
}

/** Whether a page comes from the very host and port that it calls. */
function isSameHost(origin: string, host: string | undefined): boolean {
  try {
    const { host: own, protocol } = new URL(origin);
    return (protocol === "http:" || protocol === "https:") && own === new URL(`${protocol}//${host}`).host;
  } catch {
    return false;
  }
}

function tokensOf(headers: IncomingHttpHeaders, query: URLSearchParams): string[] {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "") ?? [];
  const protocols = (headers["sec-websocket-protocol"] ?? "").split(",").map((one) => one.trim());
  const inProtocol = protocols.find((one) => one.startsWith(tokenPrefix))?.slice(tokenPrefix.length);
  return [bearer, query.get("token"), inProtocol].filter((one) => typeof one === "string");
}

/** In constant time, whatever the lengths: digests are compared. */
function equals(given: string, expected: string | undefined): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected ?? ""));
}
