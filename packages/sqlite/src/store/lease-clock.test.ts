import { afterEach, expect, it, vi } from "vitest";
import { LeaseClock } from "./lease-clock.js";

afterEach(() => void vi.restoreAllMocks());

/** A clock over two that the test sets. */
function clockOver(times: { monotonic: number; wall: number }): LeaseClock {
  vi.spyOn(performance, "now").mockImplementation(() => times.monotonic);
  vi.spyOn(Date, "now").mockImplementation(() => times.wall);
  return new LeaseClock();
}

it("a machine that slept has let time pass, which only the wall clock tells", () => {
  const times = { monotonic: 1000.4, wall: 5_000_000 };
  const clock = clockOver(times);
  times.monotonic += 10;
  times.wall += 60_000;
  expect(clock.now()).toBeCloseTo(60_000);
});

it("a wall clock that is put forward and back again takes back nothing: the lease goes on being renewed", () => {
  const times = { monotonic: 0, wall: 5_000_000 };
  const clock = clockOver(times);
  times.wall += 3_600_000;
  const ahead = clock.now();
  times.wall -= 3_600_000;
  times.monotonic += 500;
  expect(clock.now()).toBeCloseTo(ahead + 500);
});

it("looked at often, it goes as fast as time does, although the wall clock counts in whole milliseconds", () => {
  const times = { monotonic: 0, wall: 5_000_000 };
  const clock = clockOver(times);
  for (let n = 0; n < 1000; n++) {
    times.monotonic += 0.1;
    times.wall = 5_000_000 + Math.floor(times.monotonic);
    clock.now();
  }
  expect(clock.now()).toBeCloseTo(100);
});
