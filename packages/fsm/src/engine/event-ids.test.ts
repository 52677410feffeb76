import { newEventId } from "@loops/core";
import { expect, it } from "vitest";
import { eventIds } from "./event-ids.js";

const form = /^[0-9a-z]+-[0-9a-f]{12}-([1-9]\d*)$/;

it("ids have the form of core's, count from 1, and are unique over many and over runs", () => {
  const [first, second] = [eventIds(), eventIds()];
  const ids = Array.from({ length: 12_345 }, () => first());
  expect(ids.map((id) => Number(form.exec(id)?.[1]))).toEqual(ids.map((_, index) => index + 1));
  expect(newEventId()).toMatch(form);
  const others = Array.from({ length: 2000 }, () => second());
  expect(new Set([...ids, ...others]).size).toBe(ids.length + others.length);
});
