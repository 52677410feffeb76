import { randomUUID } from "node:crypto";
import type { RawEntry } from "./entry.js";
import type { OwnClient } from "./redis-client.js";
import { type StreamState, streamState } from "./stream-state.js";

/**
 * The name of a life of a stream is that of a consumer group in it, which nobody uses: it is a part of the stream, so it
 * goes with it when the stream is deleted or the server emptied, moves with it when it is renamed, and stays when it is
 * trimmed. Where there is none, one is made, and the stream with it.
 */
const markPrefix = "loops:epoch:";

const epochOf = `
local function epoch()
  local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
  if not groups.err then
    for _, group in ipairs(groups) do
      if string.sub(group[2], 1, #ARGV[1]) == ARGV[1] then return string.sub(group[2], #ARGV[1] + 1) end
    end
  end
  redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1] .. ARGV[2], '$', 'MKSTREAM')
  return ARGV[2]
end`;

const appendScript = `${epochOf}
local life = epoch()
local id
if ARGV[3] == '0' then id = redis.call('XADD', KEYS[1], '*', 'data', ARGV[4])
else id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'data', ARGV[4]) end
return {life, id, redis.call('XINFO', 'STREAM', KEYS[1])}`;

const pageScript = `${epochOf}
return {epoch(), redis.call('XINFO', 'STREAM', KEYS[1]), redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[4], 'COUNT', ARGV[5])}`;

const newEpoch = (): string => randomUUID().replaceAll("-", "").slice(0, 20);

export interface Appended {
  readonly epoch: string;
  readonly id: string;
  readonly state: StreamState;
}

/** @param maxLen 0 does not trim */
export async function appendOne(client: OwnClient, key: string, maxLen: number, body: string): Promise<Appended> {
  const reply = await client.eval(appendScript, 1, key, markPrefix, newEpoch(), maxLen, body);
  const [epoch, id, info] = reply as [string, string, unknown];
  return { epoch, id, state: streamState(info) };
}

/** What a stream is, and some entries of it, at one moment. */
export interface RawPage {
  readonly epoch: string;
  readonly state: StreamState;
  readonly entries: readonly RawEntry[];
}

export interface PageRange {
  /** Entries behind this id. */
  readonly after: string;
  /** Up to this one; `+` is the newest. */
  readonly upTo: string;
  readonly count: number;
}

export async function readPage(client: OwnClient, key: string, { after, upTo, count }: PageRange): Promise<RawPage> {
  const args = [markPrefix, newEpoch(), `(${after}`, upTo, count];
  // Which answers with bytes, so that a text that is none can be told.
  const { evalBuffer } = client as unknown as { evalBuffer(...args: unknown[]): Promise<unknown> };
  const reply = await evalBuffer.call(client, pageScript, 1, key, ...args);
  const [epoch, info, entries] = reply as [Buffer, unknown, RawEntry[]];
  return { epoch: String(epoch), state: streamState(info), entries };
}
