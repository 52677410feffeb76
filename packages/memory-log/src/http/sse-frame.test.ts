import { describe, expect, it } from "vitest";
import { itemFrame, sseFrame } from "./sse-frame.js";

describe("sseFrame", () => {
  it("is lines of fields, ended by an empty one", () => {
    expect(sseFrame({ retry: 2000.7, event: "gap", id: "e:1", data: "x" })).toBe(
      "retry: 2000\nevent: gap\nid: e:1\ndata: x\n\n",
    );
  });

  it("keeps text of several lines together, whatever ends its lines", () => {
    expect(sseFrame({ data: "a\nb\r\nc\rd\n" })).toBe("data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
    expect(sseFrame({ data: "" })).toBe("data: \n\n");
  });

  it("without data it is only a place: no data line, so that no page hears it", () => {
    expect(sseFrame({ id: "e:1" })).toBe("id: e:1\n\n");
  });

  it.each(["", "a\nb", "a\rb", "a\0b", "a b", "é"])("refuses the id %j, which would not come back as it is", (id) => {
    expect(() => sseFrame({ id })).toThrow(expect.objectContaining({ code: "LOOPS_CONFIG" }));
  });
});

describe("itemFrame", () => {
  it("is one data line for each event, whatever it holds", () => {
    const event = { event: "e", ts: "", id: "", text: "a\nb\r\n\u2028\0\ud800\u{1f600}data: x\n\nid: y" };
    const frame = itemFrame({ type: "event", cursor: "e:1", event });
    const [, data = ""] = /^id: e:1\ndata: ([^\n\r]*)\n\n$/.exec(frame) ?? [];
    expect(JSON.parse(data)).toEqual(event);
  });

  it("is a message of its own for a gap, with the place behind it", () => {
    expect(itemFrame({ type: "gap", missed: null, cursor: "e:4" })).toBe(
      'event: gap\nid: e:4\ndata: {"missed":null}\n\n',
    );
  });
});
