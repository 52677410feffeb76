import { configDefaults, defineConfig } from "vitest/config";

const long = process.env["LOOPS_LONG"] === "1";

/** They stop the clock of their process. */
const withFakeTime = [
  "packages/core/src/batch-transport.test.ts",
  "packages/core/src/bus.test.ts",
  "packages/core/src/reporter.test.ts",
  "packages/jsonl/test/async.test.ts",
  "packages/jsonl/test/rotation.test.ts",
  "packages/memory-log/test/http/stream.test.ts",
];

export default defineConfig({
  test: {
    pool: "forks",
    // One more than the cores of a small machine: many tests wait for a process, a timer or a disk.
    maxWorkers: 3,
    testTimeout: long ? 1_800_000 : 30_000,
    hookTimeout: 30_000,
    restoreMocks: true,
    // Only what fails, and the sum at the end.
    reporters: ["minimal"],
    projects: [
      { extends: true, test: { name: "fake time", include: withFakeTime } },
      {
        extends: true,
        test: {
          name: "shared",
          include: [
            "packages/*/src/**/*.test.ts",
            "packages/*/test/**/*.test.ts",
            "apps/*/test/**/*.test.ts",
            "examples/**/*.test.ts",
            "scripts/*.test.ts",
          ],
          exclude: [...configDefaults.exclude, ...withFakeTime],
          // A file leaves nothing behind that another could trip over; a process for each would cost as much as the tests.
          isolate: false,
        },
      },
    ],
  },
});
