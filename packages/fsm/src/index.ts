export type * from "./run-state.js";
