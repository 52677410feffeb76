import { readFileSync } from "node:fs";
import { defineConfig } from "tsup";

/** One preset for every package: each `dist/x.js` that `exports` names is built from `src/x.ts`. */
interface Manifest {
  exports: Record<string, string | { default: string }>;
  bin?: Record<string, string>;
}
const manifest: Manifest = JSON.parse(readFileSync("package.json", "utf8"));

const targets = [
  ...Object.values(manifest.exports).map((entry) => (typeof entry === "string" ? entry : entry.default)),
  ...Object.values(manifest.bin ?? {}),
].filter((path) => path.startsWith("./dist/"));

export default defineConfig({
  entry: [...new Set(targets)].map((path) => path.replace("./dist/", "src/").replace(/\.js$/, ".ts")),
  format: "esm",
  target: "node20",
  platform: "node",
  // Declarations come from tsc: TypeScript 7 has no JS API that a bundler could call.
  dts: false,
  sourcemap: true,
  splitting: true,
  clean: true,
  silent: true,
});
