import { fileSink, fileSubject } from "../fixtures/file-sink.js";
import type { BrokenSink } from "./broken-sink.js";

function brokenFile(defect: string, script: string): BrokenSink {
  return { ...fileSink, breaks: "durable-kill", defect, create: () => fileSubject(script) };
}

export const brokenKill = [
  brokenFile("a flush is done when a buffer of the process has the events", "confirms-too-early"),
  brokenFile("the script ends by itself", "ends-by-itself"),
];
