export { type StateTargets, type Way, waysOf } from "./definition/ways.js";
