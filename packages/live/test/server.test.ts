import { once } from "node:events";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { type LiveServerOptions, liveFeed, liveServer } from "@loops/live";
import { describe, expect, it, onTestFinished } from "vitest";

async function site(options: Partial<LiveServerOptions> = {}) {
  const feed = liveFeed();
  const server = await liveServer({
    log: feed.log,
    snapshot: feed.snapshot,
    onError: () => {},
    ...options,
  });
  onTestFinished(() => server.close({ timeoutMs: 200 }));
  return { feed, server, origin: `http://127.0.0.1:${server.address.port}` };
}

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** A request as it is, without what fetch would make of its path and headers. */
function ask(origin: string, path: string, headers: object = {}, method = "GET"): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers: { ...headers } }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on("error", reject).end();
  });
}

/** How a request for a WebSocket is answered: the status line. */
async function upgrade(origin: string, headers: Readonly<Record<string, string>>, path = "/events"): Promise<number> {
  const { hostname, port, host } = new URL(origin);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  const all = { host, connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", ...headers };
  const lines = Object.entries({ "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", ...all });
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  const [data] = await once(socket, "data");
  return Number(/^HTTP\/1\.1 (\d+)/.exec(String(data))?.[1]);
}

describe("who may read", () => {
  it("nobody without the token, neither history nor events; the page itself has nothing to hide", async () => {
    const { origin, server } = await site();
    const bearer = { authorization: `Bearer ${server.token}` };
    expect((await ask(origin, "/history")).status).toBe(401);
    expect((await ask(origin, "/history", { authorization: "Bearer wrong-but-long-enough" })).status).toBe(401);
    expect((await ask(origin, `/history?token=${server.token}`)).status).toBe(401);
    expect((await ask(origin, "/history", bearer)).status).toBe(200);
    expect(await upgrade(origin, {})).toBe(401);
    expect(await upgrade(origin, { authorization: "Bearer wrong-but-long-enough" })).toBe(401);
    expect(await upgrade(origin, bearer)).toBe(101);
    expect((await ask(origin, "/")).status).toBe(200);
  });

  it("nobody who calls the server by another's name, so that no page can pass for it (DNS rebinding)", async () => {
    const { origin, server } = await site();
    const headers = { host: "stranger.example", authorization: `Bearer ${server.token}` };
    for (const path of ["/", "/history"]) expect((await ask(origin, path, headers)).status).toBe(403);
    expect(await upgrade(origin, headers)).toBe(403);
    for (const host of ["a b", "127.0.0.1@stranger.example", "127.0.0.1.stranger.example"]) {
      expect((await ask(origin, "/", { host })).status).toBeOneOf([400, 403]);
    }
    for (const host of ["localhost:9", "[::1]", "LOCALHOST", "192.168.1.7:7070"]) {
      expect((await ask(origin, "/", { host })).status).toBe(200);
    }
  });

  it("a name of one's own may be allowed", async () => {
    const { origin } = await site({ hosts: ["loops.internal"] });
    expect((await ask(origin, "/", { host: "loops.internal:80" })).status).toBe(200);
  });

  it("no page of another origin, though it knew the token", async () => {
    const { origin, server } = await site();
    const foreign = { origin: "http://stranger.example", authorization: `Bearer ${server.token}` };
    expect((await ask(origin, "/history", foreign)).status).toBe(403);
    expect(await upgrade(origin, foreign)).toBe(403);
    for (const other of ["null", origin.replace("http", "chrome-extension"), `${origin}0`]) {
      expect((await ask(origin, "/history", { ...foreign, origin: other })).status).toBe(403);
    }
    const own = { ...foreign, origin };
    expect((await ask(origin, "/history", own)).status).toBe(200);
    expect(await upgrade(origin, own)).toBe(101);
  });

  it("everybody on this machine, if that is wanted; never everybody on the network", async () => {
    const { origin, server } = await site({ token: false });
    expect(server.url).toBe(`${origin}/`);
    expect((await ask(origin, "/history")).status).toBe(200);
    expect(await upgrade(origin, {})).toBe(101);
    await expect(site({ token: false, host: "0.0.0.0" })).rejects.toThrow(/without a token only this machine may read/);
  });

  it("the token has 128 random bits, is another one each time, and stands behind the # of the address", async () => {
    const [a, b] = [await site(), await site()];
    expect(a.server.token).toMatch(/^[\w-]{22}$/);
    expect(a.server.token).not.toBe(b.server.token);
    expect(new URL(a.server.url)).toMatchObject({ pathname: "/", search: "", hash: `#token=${a.server.token}` });
  });
});

describe("what is served", () => {
  it("the page and its files, with their types, and nothing else, whatever the path says", async () => {
    const { origin } = await site();
    const page = await ask(origin, "/");
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    const assets = [...page.body.matchAll(/(?:src|href)="\.(\/assets\/[^"]+)"/g)].map(([, path = ""]) => path);
    expect(assets.map((path) => path.split(".").at(-1)).sort()).toEqual(["css", "js", "svg"]);
    for (const path of assets) expect((await ask(origin, path)).status).toBe(200);
    for (const path of [
      "/../package.json",
      "/assets/../../index.js",
      "/%2e%2e/package.json",
      "/..%2fpackage.json",
      "/assets/..\\..\\package.json",
      "//etc/passwd",
      "/etc/passwd",
      "/%00",
      "/assets/",
      "/assets",
    ]) {
      expect((await ask(origin, path)).status).toBe(404);
    }
    expect((await ask(origin, "http://127.0.0.1/")).status).toBe(400);
  });

  it("a file that the browser has is not sent again; those with a hash in their name are not even asked for", async () => {
    const { origin } = await site();
    const page = await ask(origin, "/");
    expect(page.headers["cache-control"]).toBe("no-cache");
    const again = await ask(origin, "/", { "if-none-match": page.headers["etag"] });
    expect([again.status, again.body]).toEqual([304, ""]);
    const script = /src="\.([^"]+)"/.exec(page.body)?.[1] ?? "";
    expect((await ask(origin, script)).headers["cache-control"]).toContain("immutable");
  });

  it("to be read only: other methods are refused", async () => {
    const { origin, server } = await site();
    const bearer = { authorization: `Bearer ${server.token}` };
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      for (const path of ["/", "/history"]) {
        const { status, headers } = await ask(origin, path, bearer, method);
        expect([status, headers["allow"]]).toEqual([405, "GET, HEAD"]);
      }
    }
    expect((await ask(origin, "/", {}, "HEAD")).body).toBe("");
  });

  it("with headers that allow nothing from elsewhere, nothing inline and no frame", async () => {
    const { origin } = await site();
    const { headers, body } = await ask(origin, "/");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|data:/);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["referrer-policy"]).toBe("no-referrer");
    expect(body).not.toMatch(/<style|style="|<script(?![^>]*src=)|\son\w+=|https?:/);
  });

  it("history in pages, never as a stream, and never kept by a cache", async () => {
    const { feed, origin, server } = await site();
    for (const id of ["1", "2", "3"]) feed.hear({ event: "x", ts: "2026-01-01T00:00:00.000Z", id });
    const headers = { authorization: `Bearer ${server.token}`, accept: "text/event-stream" };
    const first = await ask(origin, "/history?limit=2&stream", headers);
    expect(first.headers["cache-control"]).toContain("no-store");
    const page = JSON.parse(first.body);
    expect(page.events).toHaveLength(2);
    const second = JSON.parse((await ask(origin, `/history?since=${page.next}`, headers)).body);
    expect(second.events.map((entry: { event: { id: string } }) => entry.event.id)).toEqual(["3"]);
  });
});

describe("lifetime", () => {
  it("closing ends every connection, frees the port, leaves the log open, and may be repeated", async () => {
    const { feed, origin, server } = await site();
    expect(await upgrade(origin, { authorization: `Bearer ${server.token}` })).toBe(101);
    await Promise.all([server.close(), server.close()]);
    const other = createServer().listen(server.address.port, "127.0.0.1");
    await once(other, "listening");
    other.close();
    expect(feed.hear({ event: "x", ts: "", id: "after" })).toBe(true);
    expect(feed.log.query().events).toHaveLength(1);
  });

  it("what is refused leaves nothing behind that listens", async () => {
    const { server } = await site();
    const { port } = server.address;
    await server.close();
    await expect(site({ port, hosts: [""] })).rejects.toMatchObject({ code: "LOOPS_CONFIG" });
    expect((await site({ port })).server.address.port).toBe(port);
  });

  it("a port that is taken is one clear error", async () => {
    const { server } = await site();
    const second = site({ port: server.address.port });
    await expect(second).rejects.toMatchObject({ code: "LOOPS_LIVE_LISTEN", message: /that port is taken/ });
  });

  it.each([
    [{ prot: 1 }, /prot is not known; did you mean port/],
    [{ port: 1.5 }, /port must be from 0 to 65535/],
    [{ token: "short" }, /token must have at least 16/],
    [{ token: 1234567890123456 }, /token must have at least 16/],
    [{ host: 5, token: false }, /host must be the address/],
    [{ hosts: "loops.internal" }, /hosts must be a list of texts/],
    [{ onError: "x" }, /onError must be a function/],
    [{ log: {} }, /log must be an event log/],
    [{ snapshot: 3 }, /snapshot must be a function/],
    [{ pageDirectory: "/nowhere" }, /the page cannot be read/],
  ])("refuses %j", async (options, message) => {
    await expect(site(options as object)).rejects.toMatchObject({ code: "LOOPS_CONFIG", message });
  });
});
