import type { Bench } from "../bench.js";
import { cliHelp } from "./cli-help.js";
import { emitNobodyListening } from "./emit-nobody-listening.js";
import { emitOneListener } from "./emit-one-listener.js";
import { emitTwentyFields } from "./emit-twenty-fields.js";
import { fiveJsonSinks } from "./five-json-sinks.js";
import { follow } from "./follow.js";
import { fsmPersistent, fsmPersistentCapture, fsmPersistentPower } from "./fsm-persistent.js";
import { fsmXstate, fsmXstateAsync } from "./fsm-xstate.js";
import { jsonlBareLoop } from "./jsonl-bare-loop.js";
import { jsonlPino } from "./jsonl-pino.js";
import { memoryLogAppend, memoryLogAppendEncoded } from "./memory-log-append.js";
import { memoryLogQuery } from "./memory-log-query.js";

/** Every benchmark, in the order of the table. */
export const benches: readonly Bench[] = [
  emitOneListener,
  emitTwentyFields,
  emitNobodyListening,
  fiveJsonSinks,
  jsonlPino,
  jsonlBareLoop,
  follow,
  memoryLogAppend,
  memoryLogAppendEncoded,
  memoryLogQuery,
  fsmXstate,
  fsmXstateAsync,
  fsmPersistent,
  fsmPersistentPower,
  fsmPersistentCapture,
  cliHelp,
];
