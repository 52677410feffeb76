export type * from "./actions/runner.js";
export { type ShellRunnerOptions, shellRunner } from "./actions/shell-runner.js";
export type * from "./run-state.js";
