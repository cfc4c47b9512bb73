import { createHash } from 'node:crypto';

/** A Lua script and the SHA-1 by which Redis knows it once it has seen it. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

/**
 * What the scripts share. A counter is one string key that holds a MessagePack array:
 * window `{used, last slot, slot, amount, slot, amount, …}`, bucket `{missing, refilled up to, moment, least missing since, …}`, period and concurrency
 * `{used}`. KEYS[1] is the sorted set of reservations in flight: member = `[id, ttl, [key, kind, window, amount], …]` as
 * JSON, score = when it expires; a member `d` + id remembers for a minute that the reservation was settled.
 * The arithmetic is that of `counter.ts`, in the same order, so that both stores agree to the last bit.
 */
const SHARED = `
local SLOTS = 60
local HOUR, DAYS = 3600000, 172800000

local function clock(given)
  if given > 0 then return given end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function slot_at(time, window) return math.floor(time * SLOTS / window) end
local function slot_leaves_at(slot, window) return math.ceil((slot + SLOTS + 1) * window / SLOTS) end

-- Without a time to live the key keeps the one it has.
local function write(key, state, px)
  if state[1] <= 0 then redis.call('DEL', key)
  elseif px then redis.call('SET', key, cmsgpack.pack(state), 'PX', math.max(1, math.ceil(px)))
  else redis.call('SET', key, cmsgpack.pack(state), 'KEEPTTL') end
end

local function advance_window(packed, window, now)
  local current = slot_at(now, window)
  if not packed then return {0, 0}, current end
  local old = cmsgpack.unpack(packed)
  if old[2] > current then current = old[2] end
  local first = current - SLOTS
  if #old < 4 or old[3] >= first then return old, current end
  local state, used = {0, old[2]}, old[1]
  for i = 3, #old, 2 do
    if old[i] < first then used = used - old[i + 1]
    else
      state[#state + 1] = old[i]
      state[#state + 1] = old[i + 1]
    end
  end
  state[1] = used
  return state, current
end

-- A bucket's lows: see refund in counter.ts.
local function lower(state)
  local used, n, since = state[1], #state, nil
  while n > 2 and state[n] > used do
    since = state[n - 1]
    state[n], state[n - 1] = nil, nil
    n = n - 2
  end
  if since and used > 0 then
    state[n + 1] = since
    state[n + 2] = used
  end
end

local function refund(state, amount, since)
  local from = #state - 1
  while from >= 3 and state[from] > since do from = from - 2 end
  if from < 3 then return 0 end
  local back = math.min(amount, state[from + 1])
  for i = from, #state, 2 do state[i + 1] = state[i + 1] - back end
  local least, first = state[from + 1], from
  while first > 3 and state[first - 1] >= least do first = first - 2 end
  if least <= 0 then
    for _ = 3, from + 1 do table.remove(state, 3) end
  else
    state[first + 1] = least
    for _ = first, from - 1 do table.remove(state, first + 2) end
  end
  return back
end

-- The state of a counter now, and a window's present slot.
local function advance(packed, c, now)
  if c.kind == 'w' then return advance_window(packed, c.window, now) end
  if c.kind == 'b' then
    local state = packed and cmsgpack.unpack(packed) or {0, now}
    if now > state[2] then
      state[1] = math.max(0, state[1] - (now - state[2]) * c.rate / c.window)
      state[2] = now
      lower(state)
    end
    return state, 0
  end
  return packed and cmsgpack.unpack(packed) or {0}, 0
end

local function charge(state, c, current, amount)
  if amount == 0 then return end
  state[1] = state[1] + amount
  if c.kind ~= 'w' then return end
  state[2] = current
  local n = #state
  if n > 2 and state[n - 1] == current then state[n] = state[n] + amount
  else
    state[n + 1] = current
    state[n + 2] = amount
  end
end

local MAX_LOWS = 32

local function reserve(state, c, current, amount)
  local before = state[1]
  charge(state, c, current, amount)
  if c.kind ~= 'b' or amount == 0 then return end
  local n = #state
  if n == 2 or state[n - 1] ~= state[2] then
    if n >= 2 + 2 * MAX_LOWS then
      table.remove(state, 5)
      table.remove(state, 5)
      n = n - 2
    end
    state[n + 1] = state[2]
    state[n + 2] = state[1]
  elseif state[n] == before then state[n] = state[1] end
end

-- Without a moment: whatever counts, oldest first.
local function give_back(state, c, current, amount, since)
  if c.kind ~= 'w' then
    if c.kind == 'b' and since then amount = refund(state, amount, since) end
    state[1] = math.max(0, state[1] - amount)
    if c.kind == 'b' and not since then lower(state) end
    return
  end
  local slot = since and slot_at(since, c.window) or current - SLOTS
  if slot < current - SLOTS then return end
  for i = 3, #state, 2 do
    if amount <= 0 then return end
    if state[i] >= slot then
      local part = math.min(amount, state[i + 1])
      state[i + 1] = state[i + 1] - part
      state[1] = state[1] - part
      amount = amount - part
    end
  end
end

-- How long a counter that was just charged has to be remembered.
local function lifetime(state, c, now)
  if c.kind == 'w' then return slot_leaves_at(state[2], c.window) - now + 1000 end
  if c.kind == 'b' then
    if c.rate <= 0 then return DAYS end
    return state[1] * c.window / c.rate + 1000
  end
  if c.kind == 'p' then return math.max(0, c.finish - now) + HOUR end
  return DAYS
end

-- Gives back what expired, soonest first, at most so many.
local function give_back_expired(now, most)
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, most)
  for i = 1, #due, 2 do
    redis.call('ZREM', KEYS[1], due[i])
    if string.sub(due[i], 1, 1) == '[' then
      local body = cjson.decode(due[i])
      for j = 3, #body do
        local c = {kind = body[j][2], window = body[j][3]}
        local packed = redis.call('GET', body[j][1])
        if packed then
          local state, current
          if c.kind == 'w' then state, current = advance_window(packed, c.window, now)
          else state, current = cmsgpack.unpack(packed), 0 end
          give_back(state, c, current, body[j][4], tonumber(due[i + 1]) - body[2])
          write(body[j][1], state)
        end
      end
    end
  end
  return #due / 2
end

local now = clock(tonumber(ARGV[1]))
`;

/**
 * Reserves, or only looks when there is no body.
 * ARGV: now or 0 for the server's clock, ttl, body, then for each counter kind, window, capacity, rate, end of period, amount, enforce.
 * Answers: index of the limit that refused or -1, then for each counter used, milliseconds to reset and to retry, exceeded.
 */
const RESERVE = `${SHARED}
local ttl, body = tonumber(ARGV[2]), ARGV[3]
local counters = {}
for i = 2, #KEYS do
  local a = 4 + (i - 2) * 7
  counters[#counters + 1] = {
    key = KEYS[i], kind = ARGV[a], window = tonumber(ARGV[a + 1]), capacity = tonumber(ARGV[a + 2]),
    rate = tonumber(ARGV[a + 3]), finish = tonumber(ARGV[a + 4]), amount = tonumber(ARGV[a + 5]), enforce = ARGV[a + 6] == '1',
  }
end

local function look()
  local denied = -1
  local packed = #counters > 0 and redis.call('MGET', unpack(KEYS, 2)) or {}
  for i, c in ipairs(counters) do
    c.state, c.current = advance(packed[i], c, now)
    c.need = c.amount == 0 and 1 or c.amount
    c.exceeded = not (c.state[1] + c.need <= c.capacity)
    if denied == -1 and c.enforce and c.exceeded then denied = i - 1 end
  end
  return denied
end

-- Two enter the set for each request, so a small step keeps up; a refusal looks for room that is only late.
give_back_expired(now, 32)
local denied = look()
while denied >= 0 and give_back_expired(now, 1000) > 0 do denied = look() end

local function reset_of(c)
  if c.kind == 'w' then return c.state[1] == 0 and 0 or math.max(0, slot_leaves_at(c.state[2], c.window) - now) end
  if c.kind == 'b' then
    if c.state[1] == 0 then return 0 end
    return c.rate > 0 and math.ceil(c.state[1] * c.window / c.rate) or c.window
  end
  return c.kind == 'p' and math.max(0, c.finish - now) or 0
end

local function retry_of(c, reset)
  if c.need > c.capacity then return reset end
  local over = c.state[1] + c.need - c.capacity
  if c.kind == 'b' then return c.rate > 0 and math.ceil(over * c.window / c.rate) or c.window end
  if c.kind ~= 'w' then return reset end
  for i = 3, #c.state, 2 do
    over = over - c.state[i + 1]
    if over <= 0 then return math.max(0, slot_leaves_at(c.state[i], c.window) - now) end
  end
  return reset
end

local reserving = body ~= '' and denied == -1
local answer = {denied}
for _, c in ipairs(counters) do
  if reserving and c.amount > 0 then
    reserve(c.state, c, c.current, c.amount)
    write(c.key, c.state, lifetime(c.state, c, now))
  end
  local reset = reset_of(c)
  local retry = c.exceeded and retry_of(c, reset) or 0
  local n = #answer
  answer[n + 1] = math.ceil(c.state[1])
  answer[n + 2] = reset
  answer[n + 3] = retry
  answer[n + 4] = c.exceeded and 1 or 0
end
if reserving then
  redis.call('ZADD', KEYS[1], now + ttl, body)
  redis.call('PEXPIRE', KEYS[1], ttl + DAYS)
end
return answer
`;

/**
 * Settles, releases, or charges when there is no body.
 * ARGV: now or 0, ttl, body, id, 'release' or 'settle', then for each counter kind, window, capacity, rate, end of period, reserved, real.
 */
const FINISH = `${SHARED}
local body, id, release = ARGV[3], ARGV[4], ARGV[5] == 'release'
local expires = body ~= '' and redis.call('ZSCORE', KEYS[1], body)
if expires then
  redis.call('ZREM', KEYS[1], body)
  expires = tonumber(expires)
elseif release or redis.call('ZSCORE', KEYS[1], 'd' .. id) then
  return 0
end
if not release then
  redis.call('ZADD', KEYS[1], now + 60000, 'd' .. id)
  redis.call('PEXPIRE', KEYS[1], DAYS)
end
local admitted = expires and expires - tonumber(ARGV[2])
local held = expires and expires > now
local packed = #KEYS > 1 and redis.call('MGET', unpack(KEYS, 2)) or {}
for i = 2, #KEYS do
  local a = 6 + (i - 2) * 7
  local c = {
    kind = ARGV[a], window = tonumber(ARGV[a + 1]), rate = tonumber(ARGV[a + 3]), finish = tonumber(ARGV[a + 4]),
  }
  local reserved, real = tonumber(ARGV[a + 5]), tonumber(ARGV[a + 6])
  if release or c.kind == 'c' then real = 0 end
  local surplus = real
  if expires then
    -- Expired but not yet given back: as if it had been, then charged whole.
    surplus = held and real - reserved or real
    local back = held and math.max(0, reserved - real) or reserved
    if packed[i - 1] and back > 0 then
      local state, current
      if c.kind == 'w' then state, current = advance_window(packed[i - 1], c.window, now)
      else state, current = cmsgpack.unpack(packed[i - 1]), 0 end
      give_back(state, c, current, back, admitted)
      write(KEYS[i], state)
      if surplus > 0 then packed[i - 1] = state[1] > 0 and cmsgpack.pack(state) or false end
    end
  end
  if c.kind ~= 'c' and surplus > 0 then
    local state, current = advance(packed[i - 1], c, now)
    charge(state, c, current, surplus)
    write(KEYS[i], state, lifetime(state, c, now))
  elseif body == '' and surplus < 0 and packed[i - 1] then
    local state, current = advance(packed[i - 1], c, now)
    give_back(state, c, current, -surplus, nil)
    write(KEYS[i], state)
  end
end
return 1
`;

function script(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** The two scripts of RedisCounters. One that Redis has forgotten (restart, failover) is sent again whole. */
export function redisScripts(): { readonly reserve: RedisScript; readonly finish: RedisScript } {
  return { reserve: script(RESERVE), finish: script(FINISH) };
}
