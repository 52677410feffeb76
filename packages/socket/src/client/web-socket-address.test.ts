import { expect, it } from "vitest";
import { requestAddress } from "./web-socket-address.js";

const url = "ws://127.0.0.1:7070/events";
const request = { since: undefined, filter: undefined, snapshot: true };

it.each([
  ["nothing in particular", {}, "?replay=1&snapshot=1"],
  ["a place and no snapshot", { since: "e:1/+", snapshot: false }, "?replay=1&snapshot=0&since=e%3A1%2F%2B"],
  ["a glob", { filter: "state_*" }, "?replay=1&snapshot=1&event=state_*"],
  ["globs", { filter: ["a?", "b"] }, "?replay=1&snapshot=1&event=a%3F&event=b"],
])("the address asks for %s", (_what, asked, query) => {
  expect(requestAddress(url, { ...request, ...asked })).toEqual({ href: url + query });
});

it.each([
  ["no events at all", { filter: [] }],
  ["an event without a name", { filter: "" }],
  ["more than fits", { filter: Array.from({ length: 30 }, (_, n) => `${n}`.padEnd(100, "x")) }],
])("what an address cannot say goes as a message: %s", (_what, asked) => {
  const { href, message } = requestAddress(url, { ...request, ...asked });
  expect(href).toBe(url);
  expect(JSON.parse(message ?? "")).toEqual({ request: { ...asked, snapshot: true } });
});

it("keeps what else the address has, and asks once", () => {
  const { href } = requestAddress(`${url}?token=t&since=old&event=x`, { ...request, since: "new" });
  expect(href).toBe(`${url}?token=t&replay=1&snapshot=1&since=new`);
});
