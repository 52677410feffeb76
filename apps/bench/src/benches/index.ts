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
import { otelEmit } from "./otel-emit.js";
import { otelSpans } from "./otel-spans.js";
import { redisAppend } from "./redis-append.js";
import { redisEmit, redisEmitDown } from "./redis-emit.js";
import { redisGroup } from "./redis-group.js";
import { redisRead } from "./redis-read.js";
import { socketUnix1, socketUnix500, socketWs1, socketWs500 } from "./socket-fan-out.js";
import { socketLatency } from "./socket-latency.js";
import { socketStalledEmit } from "./socket-stalled-emit.js";
import { sqlStoreCommits, sqlStoreCommitsPostgres } from "./sql-store-commits.js";
import { sqliteEmit } from "./sqlite-emit.js";
import { sqliteGrowth } from "./sqlite-growth.js";
import { sqliteInsert } from "./sqlite-insert.js";
import { sqliteSearch } from "./sqlite-search.js";
import { webhookEmit } from "./webhook-emit.js";
import { webhook5ms, webhookInstant } from "./webhook-post.js";

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
  redisAppend,
  redisRead,
  redisGroup,
  redisEmit,
  redisEmitDown,
  otelSpans,
  otelEmit,
  fsmXstate,
  fsmXstateAsync,
  fsmPersistent,
  fsmPersistentPower,
  fsmPersistentCapture,
  sqliteInsert,
  sqliteGrowth,
  sqliteSearch,
  sqliteEmit,
  sqlStoreCommits,
  sqlStoreCommitsPostgres,
  socketUnix1,
  socketUnix500,
  socketWs1,
  socketWs500,
  socketLatency,
  socketStalledEmit,
  webhook5ms,
  webhookInstant,
  webhookEmit,
  cliHelp,
];
