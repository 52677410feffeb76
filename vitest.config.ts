import { defineConfig } from "vitest/config";

const long = process.env["LOOPS_LONG"] === "1";

export default defineConfig({
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "apps/*/test/**/*.test.ts",
      "examples/**/*.test.ts",
      "scripts/*.test.ts",
    ],
    pool: "forks",
    // One more than the cores of a small machine: many tests wait for a process, a timer or a disk.
    maxWorkers: 3,
    // A file leaves nothing behind that the next could trip over; a process for each would cost as much as the tests.
    isolate: false,
    testTimeout: long ? 1_800_000 : 30_000,
    hookTimeout: 30_000,
    // Only what fails, and the sum at the end.
    reporters: ["minimal"],
  },
});
