import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { budgetList, rateLimitList } from '../../config/model-limits.ts';
import type { JsonObject } from '../../json/types.ts';
import type { LimitState } from '../../stores/counters/counter-store.ts';
import { amountOf, createCalendars, toCounter } from './amounts.ts';
import { compileBudgets, compileRateLimits } from './compile-limits.ts';
import { CounterNames } from './counter-names.ts';
import type { CompiledLimit, LimitAmounts, LimitView } from './limit.ts';
import { appendLimitHeaders } from './limit-headers.ts';
import { limitRefusal } from './limit-refusal.ts';
import { joinLimits, NO_LIMITS, ServiceLimits, toLimitSet } from './limit-set.ts';

const NOW = Date.parse('2026-03-29T12:00:00Z');

class View implements LimitView {
  organization: string | undefined = 'acme';
  team: string | undefined = 'search';
  user: string | undefined = 'ada';
  key: string | undefined = 'acme/search/ada#k';
  keyName: string | undefined = 'k';
  endUser: string | undefined = 'eve';
  claims: JsonObject | undefined = { plan: { name: 'gold' }, age: 3 };
  model: string | undefined = 'gpt-4o';
  sentModel: string | undefined = undefined;
  operation = 'chat';
  method = 'POST';
  path = '/v1/chat/completions';
  service = 'main';
  route = 'gold';
  cluster = '';
  ip = '10.1.2.3';
  counterNames: CounterNames | undefined = undefined;
  headers: Record<string, string> = { 'x-tier': 'gold' };

  constructor(fields: Partial<View> = {}) {
    Object.assign(this, fields);
  }

  header(name: string): string | undefined {
    return this.headers[name];
  }
}

const AMOUNTS: LimitAmounts = {
  inputTokens: 100,
  outputTokens: 20,
  cachedInputTokens: 40,
  cacheCreationInputTokens: 0,
  reasoningTokens: 5,
  nanoUsd: 777,
  sentModel: 'm',
  cluster: 'c',
  route: 'r',
};

function rate(...input: object[]): CompiledLimit[] {
  return compileRateLimits(rateLimitList.parse(input), 'place');
}

function counter(limit: CompiledLimit | undefined, view: LimitView = new View(), extra = 0) {
  assert.ok(limit !== undefined);
  const extras = { extra: () => extra };
  return toCounter(limit, view, { amounts: AMOUNTS, nowMs: NOW, calendars: createCalendars(), extras });
}

describe('what limits count', () => {
  it('is one of the amounts of a request', () => {
    const limits = rate(
      { requests: 5, per: 'minute' },
      { tokens: 5, per: 'minute' },
      { input_tokens: 5, per: 'minute' },
      { output_tokens: 5, per: 'minute' },
      { usd: 0.5, per: 'minute' },
      { concurrent: 5 },
      { cost: { cel: 'input_tokens - cached_input_tokens + output_tokens * uint(2)', limit: 5 }, per: 'minute' },
    );
    assert.deepEqual(
      limits.map((limit) => amountOf(limit, AMOUNTS)),
      [1, 120, 100, 20, 777, 1, 100],
    );
    assert.equal(limits[4]?.limit, 500_000_000);
  });

  it('costs its tokens where an expression has no value', () => {
    const [limit] = rate({ cost: { cel: 'input_tokens / (output_tokens - output_tokens)', limit: 5 }, per: 'minute' });
    assert.equal(amountOf(limit as CompiledLimit, AMOUNTS), 120);
  });

  it('has a counter for each combination of values, which no value can forge', () => {
    const [limit] = rate({
      by: ['end_user', { header: 'x-tier' }, { claim: 'plan.name' }],
      requests: 1,
      per: 'minute',
    });
    const key = (endUser: string, tier: string) =>
      counter(limit, new View({ endUser, headers: { 'x-tier': tier } }))?.key;
    assert.notEqual(key('a', 'b|c'), key('a|1:b', 'c'));
    assert.notEqual(key('a', 'b'), key('b', 'a'));
    assert.equal(key('a', 'b'), key('a', 'b'));
    assert.equal(counter(limit, new View({ endUser: undefined })), undefined);
    assert.equal(counter(limit, new View({ claims: undefined })), undefined);
  });

  it('is known by its name from request to request where the limit or the caller alone decides', () => {
    const [all, byKey, byModel, byKeyAndModel] = rate(
      { requests: 1, per: 'minute' },
      { by: 'key', requests: 2, per: 'minute' },
      { by: 'model', requests: 3, per: 'minute' },
      { by: ['key', 'model'], requests: 4, per: 'minute' },
    );
    const names = (view: View) => [all, byKey, byModel, byKeyAndModel].map((limit) => counter(limit, view)?.name);
    const ada = new CounterNames();
    const first = names(new View({ counterNames: ada }));
    const again = names(new View({ counterNames: ada, model: 'other' }));
    const other = names(new View({ counterNames: new CounterNames(), key: 'other' }));
    assert.deepEqual(
      first.map((name, index) => name === again[index]),
      [true, true, false, false],
    );
    assert.deepEqual(
      first.map((name, index) => name === other[index]),
      [true, false, false, false],
    );
    assert.deepEqual(
      names(new View({ counterNames: ada })).map((name) => name?.key),
      names(new View()).map((name) => name?.key),
    );
    // A caller who lacks the dimension is not counted, and nothing of it is remembered.
    assert.equal(counter(byKey, new View({ counterNames: new CounterNames(), key: undefined })), undefined);
  });

  it('tells users of different teams apart, whatever tokens call them', () => {
    const [limit] = rate({ by: 'user', requests: 1, per: 'minute' });
    const key = (team: string | undefined, user: string) => counter(limit, new View({ team, user }))?.key;
    const keys = [key('a', 'b/c'), key('a/b', 'c'), key(undefined, 'a/b'), key('', 'a/b'), key('a', 'b%2Fc')];
    assert.equal(new Set(keys).size, 4, 'only a missing and an empty team are one');
  });

  it('keeps its counts when limits are put into another order', () => {
    const [first, second] = rate({ requests: 1, per: 'minute' }, { tokens: 1, per: 'hour', by: 'key' });
    const [again] = rate({ tokens: 2, per: 'hour', by: 'key' }, { requests: 1, per: 'minute' });
    assert.equal(again?.id, second?.id);
    assert.notEqual(first?.id, second?.id);
  });
});

describe('conditions', () => {
  const holds = (match: object, view = new View()) =>
    counter(rate({ match, requests: 1, per: 'minute' })[0], view) !== undefined;

  it('all have to hold', () => {
    assert.ok(holds({ model: 'gpt-*', operations: ['chat'], methods: ['POST'], users: ['ada'], ips: ['10.0.0.0/8'] }));
    assert.ok(!holds({ model: 'gpt-*', operations: ['embeddings'] }));
    assert.ok(holds({ headers: { 'x-tier': 'gold' }, claims: { 'plan.name': 'gold', age: '3' } }));
    assert.ok(!holds({ claims: { 'plan.name': 'silver' } }));
  });

  it('know keys by their name and their id', () => {
    assert.ok(holds({ keys: ['k'] }));
    assert.ok(holds({ keys: ['acme/search/ada#k'] }));
    assert.ok(!holds({ keys: ['ada'] }));
  });

  it('have exceptions', () => {
    assert.ok(!holds({ model: 'gpt-*', except: [{ ips: ['10.0.0.0/8'] }] }));
    assert.ok(holds({ model: 'gpt-*', except: [{ ips: ['11.0.0.0/8'] }, { users: ['eve'] }] }));
  });

  it('on what is sent are for attempts', () => {
    const limits = rate(
      { requests: 1, per: 'minute' },
      { by: 'cluster', requests: 1, per: 'minute' },
      { match: { sent_model: 'm' }, requests: 2, per: 'minute' },
      { match: { model: 'm', except: [{ cluster: 'c' }] }, requests: 3, per: 'minute' },
    );
    assert.deepEqual(
      limits.map(({ perAttempt }) => perAttempt),
      [false, true, true, true],
    );
    const set = toLimitSet(limits);
    assert.deepEqual([set.request.length, set.attempt.length], [1, 3]);
    assert.equal(joinLimits(NO_LIMITS.request, set.request, NO_LIMITS.request), set.request);
    assert.equal(joinLimits(set.attempt, set.request, set.request).length, 5);
  });
});

describe('limits of a service', () => {
  it('are joined to those of each caller and route, the same list for the same of them', () => {
    const [a, b, c, d, e] = rate(...['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, requests: 1, per: 'minute' })));
    const list = (...limits: (CompiledLimit | undefined)[]) => limits as CompiledLimit[];
    const service = new ServiceLimits(list(a));
    const [ada, bob, gold, free] = [list(b), list(c), list(d), list(e)];
    const joined = service.join(ada, gold);
    assert.deepEqual(joined, [b, a, d]);
    assert.equal(service.join(ada, gold), joined);
    assert.deepEqual(service.join(bob, gold), [c, a, d]);
    assert.equal(service.join(ada, gold), joined);
    assert.deepEqual(service.join(ada, free), [b, a, e]);
    assert.deepEqual(service.join(ada, gold), [b, a, d]);
    assert.deepEqual(service.join(NO_LIMITS.request, NO_LIMITS.request), [a]);
  });
});

describe('windows', () => {
  it('slide, refill, or hold what is in flight', () => {
    const [window, bucket, inFlight] = rate(
      { requests: 5, per: '90s' },
      { requests: 5, per: 'second', algorithm: 'token_bucket', burst: 20 },
      { concurrent: 5 },
    );
    const shape = (limit: CompiledLimit | undefined) => {
      const { kind, windowMs, burst } = counter(limit) ?? {};
      return [kind, windowMs, burst];
    };
    assert.deepEqual(shape(window), ['window', 90_000, undefined]);
    assert.deepEqual(shape(bucket), ['bucket', 1000, 20]);
    assert.deepEqual(shape(inFlight), ['concurrency', 0, undefined]);
  });

  it('of budgets are periods of the calendar where they are', () => {
    const [day, month] = compileBudgets(
      budgetList.parse([
        { usd: 1, per: 'day', time_zone: 'Europe/Berlin' },
        { usd: 1, per: 'month', time_zone: 'America/New_York' },
      ]),
      'place',
    );
    const period = (limit: CompiledLimit | undefined) => {
      const { periodStartMs = 0, periodEndMs = 0 } = counter(limit) ?? {};
      return [new Date(periodStartMs).toISOString(), new Date(periodEndMs).toISOString()];
    };
    // The clocks went forward in the night: the day has 23 hours.
    assert.deepEqual(period(day), ['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z']);
    assert.deepEqual(period(month), ['2026-03-01T05:00:00.000Z', '2026-04-01T04:00:00.000Z']);
  });

  it('are longer or shorter for a while by what is added to them', () => {
    const [limit] = rate({ requests: 5, per: 'minute' });
    assert.equal(counter(limit, new View(), 3)?.limit, 8);
    assert.equal(counter(limit, new View(), -9)?.limit, 0);
  });
});

describe('what clients are told', () => {
  const state = (fields: Partial<LimitState>): LimitState => ({
    limit: 10,
    used: 4,
    remaining: 6,
    resetMs: 61_000,
    retryAfterMs: 1500,
    exceeded: false,
    ...fields,
  });
  const [requests, tokens] = rate({ name: 'r', requests: 10, per: 'minute' }, { name: 't', tokens: 10, per: 'minute' });
  const headers = (dialect: 'openai-chat' | 'anthropic', ...list: [CompiledLimit | undefined, LimitState][]) => {
    const out: string[] = [];
    const limits = list.map(([limit]) => limit as CompiledLimit);
    const states = list.map(([, standing]) => standing);
    appendLimitHeaders(out, { limits, states }, { dialect, nowMs: NOW });
    return Object.fromEntries(out.flatMap((name, index) => (index % 2 === 0 ? [[name, out[index + 1]]] : [])));
  };

  it('is where the tightest limit of each kind stands, as their API says it', () => {
    const wide = state({ limit: 100, remaining: 90 });
    assert.deepEqual(
      headers('openai-chat', [requests, wide], [requests, state({})], [tokens, state({ remaining: 2.5 })]),
      {
        'x-ratelimit-limit-requests': '10',
        'x-ratelimit-remaining-requests': '6',
        'x-ratelimit-reset-requests': '1m1s',
        'x-ratelimit-limit-tokens': '10',
        'x-ratelimit-remaining-tokens': '2',
        'x-ratelimit-reset-tokens': '1m1s',
      },
    );
    assert.deepEqual(headers('anthropic', [requests, state({})]), {
      'anthropic-ratelimit-requests-limit': '10',
      'anthropic-ratelimit-requests-remaining': '6',
      'anthropic-ratelimit-requests-reset': '2026-03-29T12:01:01Z',
    });
  });

  it('takes the place of what the provider says of its own limits', () => {
    const out = ['x-ratelimit-limit-requests', '5', 'a', 'b', 'x-ratelimit-reset-requests', '1s', 'x-ratelimit-c', 'd'];
    appendLimitHeaders(
      out,
      { limits: [requests as CompiledLimit], states: [state({})] },
      { dialect: 'openai-chat', nowMs: NOW },
    );
    assert.deepEqual(out.slice(0, 4), ['a', 'b', 'x-ratelimit-c', 'd']);
    assert.equal(out.filter((text) => text === 'x-ratelimit-limit-requests').length, 1);
    assert.equal(out[out.indexOf('x-ratelimit-limit-requests') + 1], '10');
    const anthropic = ['anthropic-ratelimit-requests-reset', 'then', 'anthropic-version', 'x'];
    appendLimitHeaders(
      anthropic,
      { limits: [requests as CompiledLimit], states: [state({})] },
      { dialect: 'anthropic', nowMs: NOW },
    );
    assert.equal(anthropic[0], 'anthropic-version');
    assert.equal(anthropic.filter((text) => text === 'anthropic-ratelimit-requests-reset').length, 1);
  });

  it('is nothing of budgets', () => {
    const [budget] = compileBudgets(budgetList.parse({ tokens: 5 }), 'place');
    assert.deepEqual(headers('openai-chat', [budget, state({})]), {});
  });

  it('is when to try again', () => {
    const refused = limitRefusal(requests as CompiledLimit, state({}));
    assert.deepEqual([refused.code, refused.status, refused.retryAfterSeconds], ['rate_limit_exceeded', 429, 2]);
    assert.match(refused.publicMessage, /"r" of 10 requests/);
    const [budget] = compileBudgets(budgetList.parse({ name: 'lab', usd: 5 }), 'place');
    const spent = limitRefusal(budget as CompiledLimit, state({ retryAfterMs: 0 }));
    assert.deepEqual([spent.code, spent.retryAfterSeconds], ['budget_exceeded', 1]);
    assert.match(spent.publicMessage, /"lab" of 5 US dollars/);
  });
});
