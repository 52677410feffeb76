import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { Finding, root } from "./command.mjs";

/** What a consumer's bundle grows by, minified and gzipped. 1 kB is 1,000 bytes. */
const limits = [
  { name: "createBus alone", code: 'export { createBus } from "@loops/core";', maxBytes: 5_200 },
  { name: "whole of core", code: 'export * from "@loops/core";', maxBytes: 10_000 },
];

/** @param {string} code @returns {Promise<number>} */
async function bundledBytes(code) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: `${root}/packages/testing`, sourcefile: "size.js" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node20",
    write: false,
    logLevel: "silent",
  });
  return outputFiles.reduce((sum, file) => sum + gzipSync(file.contents, { level: 9 }).length, 0);
}

export async function bundleSizes() {
  const sizes = await Promise.all(limits.map(async (limit) => ({ ...limit, bytes: await bundledBytes(limit.code) })));
  const text = sizes.map(({ name, bytes, maxBytes }) => `${name} ${kilobytes(bytes)} of ${kilobytes(maxBytes)} kB`);
  if (sizes.some(({ bytes, maxBytes }) => bytes > maxBytes)) throw new Finding(text.join("\n"));
  return text.join(", ");
}

/** @param {number} bytes */
const kilobytes = (bytes) => (bytes / 1000).toFixed(2);
