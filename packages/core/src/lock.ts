export {
  FileLock,
  type FileLockOptions,
} from "./lock/file-lock.js";
export {
  type AsyncLockFs,
  asyncLockCalls,
  isMissing,
  type LockCalls,
  type LockFs,
  syncLockCalls,
} from "./lock/lock-calls.js";
export type { LockOwner, LockProcesses } from "./lock/lock-owner.js";
