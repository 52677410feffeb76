import type { IncomingMessage, ServerResponse } from "node:http";
import { isAllowedHost } from "./allowed-host.js";
import type { HistoryHandler } from "./history.js";
import type { PageFile } from "./page-files.js";
import { securityHeaders } from "./security-headers.js";
import { bearsToken } from "./token.js";

export interface Site {
  readonly files: ReadonlyMap<string, PageFile>;
  readonly history: HistoryHandler;
  readonly hosts: readonly string[];
  readonly token: string | undefined;
}

/** Answers one request. The page itself holds no secrets: the token is asked for where there is something to read. */
export async function answer(site: Site, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { host, authorization, origin } = request.headers;
  if (host === undefined || !isAllowedHost(host, site.hosts)) {
    return refuse(response, 403, "Host: this server is not known by that name");
  }
  for (const [name, value] of Object.entries(securityHeaders(host))) response.setHeader(name, value);
  const url = targetOf(request, host);
  if (url === undefined) return refuse(response, 400, "the address cannot be read");
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    return refuse(response, 405, "there is only something to read here");
  }
  if (url.pathname !== "/history") {
    const file = site.files.get(url.pathname);
    return file === undefined ? refuse(response, 404, "there is nothing here") : sendFile(file, request, response);
  }
  if (origin !== undefined && !sameHost(origin, host)) {
    return refuse(response, 403, "Origin: pages of this origin may not read");
  }
  if (site.token !== undefined && !bearsToken(authorization, site.token)) {
    response.setHeader("WWW-Authenticate", "Bearer");
    return refuse(response, 401, "a token is needed: Authorization: Bearer …");
  }
  return site.history(request, response, url);
}

/** Only a path is taken: an absolute address would bring a host of its own. */
function targetOf({ url }: IncomingMessage, host: string): URL | undefined {
  const target = `http://${host}${url}`;
  return url?.startsWith("/") && URL.canParse(target) ? new URL(target) : undefined;
}

/** A page has a scheme of the web: an extension of the browser, or a file, is another's whatever its host is. */
function sameHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  return /^https?:$/.test(protocol) && from === new URL(`${protocol}//${host}`).host;
}

function sendFile(file: PageFile, request: IncomingMessage, response: ServerResponse): void {
  response.setHeader("ETag", file.etag);
  response.setHeader("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  const had = request.headers["if-none-match"]?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (had?.includes(file.etag)) {
    response.writeHead(304).end();
    return;
  }
  response.writeHead(200, { "Content-Type": file.type, "Content-Length": file.body.length });
  response.end(request.method === "HEAD" ? undefined : file.body);
}

function refuse(response: ServerResponse, status: number, why: string): void {
  const body = Buffer.from(JSON.stringify({ error: why }));
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": body.length,
    "Cache-Control": "no-store",
  });
  response.end(body);
}
