export { beginningOf } from "./beginning.js";
export { type ExitCode, exitCode } from "./exit-code.js";
export { main } from "./main.js";
export { linesOf, type ProgressOptions, showProgress } from "./progress.js";
export { processTerminal, type Terminal } from "./terminal.js";
