import { defineConfig } from "vite";

/** The page as static files: nothing inline, nothing from elsewhere, names with a hash of their content. */
export default defineConfig({
  root: "page",
  base: "./",
  publicDir: false,
  // Of the bundled core only what runs in browsers is called; that it also has other parts is no news.
  logLevel: "error",
  clearScreen: false,
  build: {
    outDir: "../dist/page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // The libraries are bundled, and their licences ask to come along.
    license: { fileName: "licenses.md" },
  },
});
