import type { EventLog, EventLogPage } from "@loops/core";
import { describe, expect, it } from "vitest";
import { memoryLogTransport } from "../memory-log-transport.js";
import type { ActivityHandlerOptions } from "./activity-options.js";
import { createActivityHandler } from "./create-activity-handler.js";

const url = "http://localhost/activity";

function filled(names: readonly string[], options?: ActivityHandlerOptions) {
  const log = memoryLogTransport({ maxEntries: 100 });
  const cursors = names.map((event, n) => log.append({ event, ts: "2024-01-15T10:30:00.000Z", id: `id-${n}` }));
  return { log, cursors, handler: createActivityHandler(log, options) };
}

const get = (query = "", init?: RequestInit) => new Request(url + query, init);

describe("a page", () => {
  it("is what query gives: entries with their cursors, gap, oldest and next", async () => {
    const { log, handler } = filled(["a", "b", "c"]);
    const response = await handler(get("?limit=2"));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(log.query({ limit: 2 }));
  });

  it("is not kept by anybody on the way, and is taken for nothing but JSON", async () => {
    const { headers } = await filled([]).handler(get());
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      vary: "Accept",
    });
  });

  it("goes on after since, and holds what the globs match", async () => {
    const { cursors, handler } = filled(["loop_a", "x", "loop_b", "y"]);
    const names = async (query: string) => {
      const page = (await (await handler(get(query))).json()) as EventLogPage;
      return page.events.map(({ event }) => event.event);
    };
    expect(await names(`?since=${cursors[0]}`)).toEqual(["x", "loop_b", "y"]);
    expect(await names("?event=loop_*&event=y")).toEqual(["loop_a", "loop_b", "y"]);
  });

  it("says that there is a gap for a place that is gone or that is of another life", async () => {
    const { handler } = filled(Array.from({ length: 150 }, () => "a"));
    const { log: other } = filled(["a"]);
    for (const since of [other.query().next, "nonsense"]) {
      expect(await (await handler(get(`?since=${since}`))).json()).toMatchObject({ gap: true });
    }
  });

  it("answers HEAD with the headers of GET, and nothing else", async () => {
    const { handler } = filled(["a"]);
    const [head, whole] = [await handler(get("", { method: "HEAD" })), await handler(get())];
    expect([...head.headers]).toEqual([...whole.headers]);
    expect(await head.text()).toBe("");
    expect(head.headers.get("content-length")).toBe(String((await whole.arrayBuffer()).byteLength));
  });

  it("answers what cannot be meant with 400 and one sentence", async () => {
    const response = await filled([]).handler(get("?limit=many"));
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ error: 'limit must be a whole number from 0, not "many"' });
  });

  it.each(["POST", "PUT", "DELETE", "OPTIONS"])("answers %s with 405 and what is possible", async (method) => {
    const response = await filled([]).handler(get("", { method }));
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });

  it("comes from every log with query and tail, also one that answers later", async () => {
    const { log } = filled(["a"]);
    const later: Pick<EventLog, "query" | "tail"> = { query: async (query) => log.query(query), tail: log.tail };
    expect(await (await createActivityHandler(later)(get())).json()).toEqual(log.query());
  });

  it("throws on what the log throws: how to say so is the server's business", async () => {
    const { log } = filled([]);
    const broken = { ...log, query: () => Promise.reject(new Error("disk on fire")) };
    await expect(createActivityHandler(broken)(get())).rejects.toThrow("disk on fire");
    const handler = createActivityHandler(broken);
    await expect(handler(get("?stream"))).rejects.toThrow("disk on fire");
    expect(handler.openStreams).toBe(0);
  });
});

describe("who may read", () => {
  it("is everybody of the same origin, where nothing is said: no header opens it to other pages", async () => {
    const response = await filled([]).handler(get("", { headers: { origin: "https://evil.example" } }));
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  it("is asked of authorize before anything is read, for pages and streams", async () => {
    const asked: string[] = [];
    const authorize = (request: Request) => {
      asked.push(request.url);
      return request.headers.get("authorization") === "Bearer secret";
    };
    const { handler } = filled(["a"], { authorize });
    for (const query of ["", "?stream", "?limit=wrong"]) {
      const response = await handler(get(query));
      expect(response.status).toBe(403);
      expect(await response.json()).toEqual({ error: "you may not read this" });
    }
    expect(asked).toHaveLength(3);
    expect((await handler(get("", { headers: { authorization: "Bearer secret" } }))).status).toBe(200);
  });

  it("gets the answer that authorize gives", async () => {
    const authorize = async () =>
      new Response("who are you?", { status: 401, headers: { "www-authenticate": "Basic" } });
    const response = await filled([], { authorize }).handler(get());
    expect([response.status, await response.text()]).toEqual([401, "who are you?"]);
  });

  it.each([undefined, null, 1, "yes"])("is nobody where authorize returns %j: only true lets in", async (answer) => {
    expect((await filled([], { authorize: () => answer as never }).handler(get())).status).toBe(403);
  });

  it("is nobody where authorize throws", async () => {
    const authorize = () => Promise.reject(new Error("no database"));
    await expect(filled([], { authorize }).handler(get())).rejects.toThrow("no database");
  });

  it("are pages of an allowed origin, and no others", async () => {
    const { handler } = filled([], { allowOrigin: ["https://a.example", "https://b.example"] });
    const allowed = async (origin: string) =>
      (await handler(get("", { headers: { origin } }))).headers.get("access-control-allow-origin");
    expect(await allowed("https://b.example")).toBe("https://b.example");
    expect(await allowed("https://c.example")).toBeNull();
    expect((await handler(get())).headers.get("vary")).toBe("Accept, Origin");
  });

  it("are all pages where that is wanted", async () => {
    const response = await filled([], { allowOrigin: "*" }).handler(get("?limit=x"));
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  it("is told to a browser that asks first, before authorize: such a request carries no token", async () => {
    const { handler } = filled([], { allowOrigin: "https://a.example", authorize: () => false });
    const ask = (origin: string) => handler(get("", { method: "OPTIONS", headers: { origin } }));
    const response = await ask("https://a.example");
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": "https://a.example",
      "access-control-allow-methods": "GET, HEAD",
      "access-control-allow-headers": "Authorization, Last-Event-ID",
    });
    expect((await ask("https://evil.example")).status).toBe(405);
  });
});

describe("a handler", () => {
  it("is a function of one parameter, as adapters expect", () => {
    expect(filled([]).handler).toHaveLength(1);
  });

  it("refuses options of the wrong kind when it is made", () => {
    expect(() => filled([], { maxLimit: "10" as never })).toThrow("maxLimit");
  });
});
