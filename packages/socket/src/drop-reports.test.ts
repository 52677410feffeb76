import { expect, it } from "vitest";
import { DropReports } from "./drop-reports.js";

it("S-10: the first loss is told at once, later ones with the first after five seconds, the rest at the end", () => {
  const told: number[] = [];
  const reports = new DropReports((frames) => told.push(frames));
  reports.count(1, 1000);
  expect(told).toEqual([1]);
  reports.count(2, 1001);
  reports.count(3, 5999);
  expect(told).toEqual([1]);
  reports.count(4, 6000);
  expect(told).toEqual([1, 9]);
  reports.count(5, 6001);
  reports.end();
  reports.end();
  expect(told).toEqual([1, 9, 5]);
});
