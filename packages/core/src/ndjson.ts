export {
  type AppendFile,
  type AppendFs,
  type AppendOptions,
  openAppend,
  WriteError,
  writeAllSync,
} from "./ndjson/append.js";
export { type Line, LineSplitter, type LineSplitterOptions } from "./ndjson/line-splitter.js";
export { type BadLineReason, type ParsedLine, parseLine } from "./ndjson/parse-line.js";
export {
  type BadLine,
  type NdjsonRecord,
  type ReadNdjsonOptions,
  readNdjson,
  readNdjsonSync,
} from "./ndjson/read.js";
