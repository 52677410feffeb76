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
    maxWorkers: 2,
    testTimeout: long ? 1_800_000 : 30_000,
    hookTimeout: 30_000,
    // Only what fails, and the sum at the end.
    reporters: ["minimal"],
  },
});
