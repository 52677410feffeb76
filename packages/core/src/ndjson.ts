export {
  type AppendFile,
  type AppendOptions,
  hasMovedSteps,
  type OpenAppendOptions,
  type OpenedAppend,
  openAppend,
  openAppendSteps,
  WriteError,
  writeAllSteps,
  writeAllSync,
} from "./ndjson/append.js";
export {
  type AppendCalls,
  type AppendFs,
  type AsyncAppendFs,
  asyncAppendCalls,
  syncAppendCalls,
} from "./ndjson/append-calls.js";
export { type DirectoryCalls, makeDirectories, makeDirectoriesSync } from "./ndjson/directories.js";
export { type Line, LineSplitter, type LineSplitterOptions } from "./ndjson/line-splitter.js";
export { type BadLineReason, type ParsedLine, parseLine } from "./ndjson/parse-line.js";
export {
  type BadLine,
  type NdjsonRecord,
  type ReadNdjsonOptions,
  readNdjson,
  readNdjsonSync,
} from "./ndjson/read.js";
export { runAsync, runSync, type Steps, step } from "./ndjson/steps.js";
