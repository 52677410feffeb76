export {
  currentBootId,
  identifyProcess,
  isAlive,
  isOfAnotherBoot,
  ownIdentity,
  type ProcessIdentity,
  startTimeOf,
} from "./process/process-identity.js";
export { type ProcessEntry, readGroup, readProcess } from "./process/process-table.js";
