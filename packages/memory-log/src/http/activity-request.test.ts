import { describe, expect, it } from "vitest";
import { parseActivityRequest } from "./activity-request.js";

const limits = { defaultLimit: 100, maxLimit: 1000 };

const parse = (query: string, headers: Record<string, string> = {}) =>
  parseActivityRequest(new Request(`http://localhost/activity${query}`, { headers }), limits);

describe("parseActivityRequest", () => {
  it("asks for the first page where nothing is said", () => {
    expect(parse("")).toEqual({ live: false, since: undefined, limit: 100, filter: undefined });
  });

  it("reads since, limit and any number of events", () => {
    expect(parse("?since=e:7&limit=5&event=loop_*&event=x")).toEqual({
      live: false,
      since: "e:7",
      limit: 5,
      filter: ["loop_*", "x"],
    });
  });

  it("takes an empty parameter as absent, and does not mind those that it does not know", () => {
    expect(parse("?since=&limit=&event=&token=secret&_=1")).toEqual(parse(""));
  });

  it("gives at most the largest page, and 0 is none", () => {
    expect(parse("?limit=1001")).toMatchObject({ limit: 1000 });
    expect(parse("?limit=0")).toMatchObject({ limit: 0 });
    const unbounded = { defaultLimit: 1.5, maxLimit: Number.POSITIVE_INFINITY };
    expect(parseActivityRequest(new Request("http://h/?limit=9000"), unbounded)).toMatchObject({ limit: 9000 });
    expect(parseActivityRequest(new Request("http://h/"), unbounded)).toMatchObject({ limit: 1 });
  });

  it.each(["-1", "1.5", "x", "1e3", " 1", "0x10", "Infinity", "9999999999999999"])("refuses the limit %j", (limit) => {
    expect(parse(`?limit=${limit}`)).toMatch(/^limit must be a whole number from 0, not "/);
  });

  it.each(["since=a&since=b", "limit=1&limit=1", "stream&stream"])("refuses %s: which one is meant?", (query) => {
    expect(parse(`?${query}`)).toMatch(/may be given only once$/);
  });

  it("refuses filters that are long enough to be an attack", () => {
    expect(parse(`?event=${"*a".repeat(512)}`)).toMatchObject({ filter: [expect.any(String)] });
    expect(parse(`?event=${"*a".repeat(512)}&event=b`)).toBe("event: more than 1024 characters of globs");
  });

  it.each(["?stream", "?stream=", "?stream=1", "?stream=true"])("is a stream for %s", (query) => {
    expect(parse(query)).toMatchObject({ live: true });
  });

  it("refuses a value of stream that could be meant as no", () => {
    expect(parse("?stream=0")).toBe('stream takes no value, not "0"');
  });

  it.each([
    "text/event-stream",
    "Text/Event-Stream; Q=0.1",
    "application/json, text/event-stream",
    "application/json;q=0.5, text/event-stream;q=0.5",
    "text/event-stream;charset=utf-8;q=0.8, application/json;q=0.7, */*",
    "text/event-stream, */*;q=0.1",
    "text/event-stream;q=0.2, application/*;q=0.1, */*;q=0.9",
    "text/event-stream;q=much",
  ])("is a stream for Accept: %s", (accept) => {
    expect(parse("", { accept })).toMatchObject({ live: true });
  });

  it.each([
    "*/*",
    "text/*",
    "text/event-streams",
    "application/json",
    "",
    "text/event-stream;q=0",
    "application/json, text/event-stream;q=0",
    "application/json, text/event-stream; q=0.000",
    "application/json, text/event-stream;q=0.5",
    "text/event-stream;q=0.5, */*",
    "text/event-stream;q=0.5, application/*;q=0.6, */*;q=0.1",
  ])("is a page for Accept: %s", (accept) => {
    expect(parse("", { accept })).toMatchObject({ live: false });
  });

  it("does not look at the limit of a stream, which has none", () => {
    for (const limit of ["limit=abc", "limit=-1", "limit=1&limit=2"]) {
      expect(parse(`?stream&${limit}`)).toEqual(parse("?stream"));
      expect(parse(`?${limit}`, { accept: "text/event-stream" })).toMatchObject({ live: true });
    }
  });

  it("Last-Event-ID wins over since, for a stream only", () => {
    const headers = { "last-event-id": "e:9" };
    expect(parse("?stream&since=e:7", headers)).toMatchObject({ since: "e:9" });
    expect(parse("?since=e:7", headers)).toMatchObject({ since: "e:7" });
    expect(parse("?stream&since=e:7", { "last-event-id": "" })).toMatchObject({ since: "e:7" });
    expect(parse("?stream")).toMatchObject({ since: undefined });
  });
});
