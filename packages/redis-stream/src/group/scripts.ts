/**
 * What has to be decided and done in one step is done by Redis itself, as a script of one key. Each of them reads
 * first and writes then, so a script that fails has changed nothing.
 *
 * A consumer that was stopped in between (SIGSTOP, a machine that sleeps) would otherwise act on what it saw before:
 * take an entry back from its new owner, or delete a consumer together with entries that it has just been given.
 */

/**
 * Sets how long entries count as idle, if they are still ours.
 *
 * ARGV: group, consumer, then id, idle in ms and deliveries (-1: as they are) of each.
 * Answers for each: `kept`, `taken` (another consumer has it), `settled` (acknowledged by somebody) or `deleted`.
 */
export const touchScript = `
local answers = {}
for i = 3, #ARGV, 3 do
  local id, idle, deliveries = ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2])
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1)[1]
  local answer
  if pending and pending[2] ~= ARGV[2] then
    answer = 'taken'
  elseif pending then
    local count = deliveries < 0 and pending[4] or deliveries
    local claim = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'IDLE', idle, 'RETRYCOUNT', count, 'JUSTID')
    answer = #claim > 0 and 'kept' or 'deleted'
  else
    answer = #redis.call('XRANGE', KEYS[1], id, id) > 0 and 'settled' or 'deleted'
  end
  answers[#answers + 1] = answer
end
return answers`;

/**
 * Takes over entries that were idle for long enough, whoever had them.
 *
 * ARGV: group, consumer, idle in ms, where to go on, how many.
 * Answers: where to go on (`0-0` at the end), `{ id, fields, deliveries }` of each, ids that are no longer in the stream.
 */
export const claimScript = `
local found = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], 'COUNT', ARGV[5])
local entries = {}
for _, entry in ipairs(found[2]) do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], entry[1], entry[1], 1)[1]
  entries[#entries + 1] = { entry[1], entry[2], pending[4] }
end
return { found[1], entries, found[3] or {} }`;

/**
 * Takes up again what a consumer of this name had, after `start` (exclusive, "-" at first).
 *
 * ARGV: group, consumer, start, how many. Answers as `claimScript`; where to go on is `` at the end.
 */
export const resumeScript = `
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], '+', ARGV[4], ARGV[2])
local entries, gone, last = {}, {}, ''
for _, one in ipairs(pending) do
  last = one[1]
  local entry = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, one[1])[1]
  if entry then
    entries[#entries + 1] = { entry[1], entry[2], one[4] + 1 }
  else
    gone[#gone + 1] = one[1]
  end
end
return { last, entries, gone }`;

const functions = `
local function record(list)
  local named = {}
  for i = 1, #list, 2 do named[list[i]] = list[i + 1] end
  return named
end
local function before(a, b)
  local ams, aseq = string.match(a, '^(%d+)-(%d+)$')
  local bms, bseq = string.match(b, '^(%d+)-(%d+)$')
  if ams ~= bms then return #ams < #bms or (#ams == #bms and ams < bms) end
  return #aseq < #bseq or (#aseq == #bseq and aseq < bseq)
end
local function predecessor(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  if #seq > 15 or #ms > 15 then return nil end
  if seq ~= '0' then return string.format('%s-%.0f', ms, tonumber(seq) - 1) end
  if ms == '0' then return nil end
  return string.format('%.0f-18446744073709551615', tonumber(ms) - 1)
end`;

/**
 * Makes the group, and the stream. One that is to begin with the oldest entry begins right before that: had it been
 * placed at 0, nobody could tell later whether what was trimmed before was its own.
 *
 * ARGV: group, where it begins.
 */
export const joinScript = `${functions}
local from = ARGV[2]
local info = redis.pcall('XINFO', 'STREAM', KEYS[1])
if not info.err and (from == '0' or from == '0-0') then
  local stream = record(info)
  local first = stream['first-entry'] and stream['first-entry'][1]
  from = first and predecessor(first) or not first and stream['last-generated-id'] or from
end
return redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], from, 'MKSTREAM')`;

/**
 * How the group stands in its stream. Where entries were trimmed before the group was given them, it is moved to the
 * place before the first that is left, so that one consumer only is told, and Redis counts rightly from there on.
 *
 * How many the group has read is Redis's own count. It forgets that in a restart, as it comes from its append-only file,
 * and in version 7.0 counts wrongly after a trim in the middle of a wait. So it is asked for the number and nothing else,
 * and never written: what is wrong would outlive the reason for it.
 *
 * ARGV: group, 1 to move it, an entry that the group was given earlier, or "": as long as that is there, nothing
 * behind it was trimmed, and the answer is 0.
 * Answers: length, entries added, entries read (-1: unknown), lag (-1: unknown), pending, last delivered id,
 * last generated id, missed (0: none, -1: unknown how many).
 */
export const lookScript = `
if ARGV[3] ~= '' and #redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3]) > 0 then return 0 end
${functions}
local group
if redis.call('EXISTS', KEYS[1]) == 0 then return redis.error_reply('NOGROUP No such key') end
for _, one in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local named = record(one)
  if named.name == ARGV[1] then group = named end
end
if not group then return redis.error_reply('NOGROUP No such consumer group') end
local stream = record(redis.call('XINFO', 'STREAM', KEYS[1]))
local read, last, missed = group['entries-read'] or -1, group['last-delivered-id'], 0
local first = stream['first-entry'] and stream['first-entry'][1]
local lag = group.lag or -1
if stream.length == 0 or last == stream['last-generated-id'] then
  lag = 0
elseif first and before(last, first) then
  lag = stream.length
end
if ARGV[2] == '1' and last == stream['last-generated-id'] then
  if read >= 0 and read ~= stream['entries-added'] then redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], last) end
elseif ARGV[2] == '1' and (not first or before(last, first)) then
  local place = stream['last-generated-id']
  if first then place = predecessor(first) or last end
  local gone = stream['entries-added'] - stream.length
  local counted = read >= 0 and (not first or before(stream['max-deleted-entry-id'], first))
  if place ~= last and gone > math.max(read, 0) then
    missed = counted and gone - read or -1
    redis.call('XGROUP', 'SETID', KEYS[1], ARGV[1], place)
  end
end
return { stream.length, stream['entries-added'], read, lag, group.pending, last, stream['last-generated-id'], missed }`;

/**
 * Removes consumers that were idle for long enough and have nothing pending: with what is pending they would take it
 * along.
 *
 * ARGV: group, idle in ms, then the name of the only one that is meant, or nothing. Answers: how many were removed.
 */
export const removeIdleScript = `
local removed = 0
for _, list in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local one = {}
  for i = 1, #list, 2 do one[list[i]] = list[i + 1] end
  if one.pending == 0 and one.idle >= tonumber(ARGV[2]) and (not ARGV[3] or ARGV[3] == one.name) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], one.name)
    removed = removed + 1
  end
end
return removed`;
