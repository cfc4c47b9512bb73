import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateValue } from '../../config/validate.ts';
import { compileBudgets, compileRateLimits } from './compile-limits.ts';
import type { CompiledLimit, LimitView } from './limit.ts';
import { NO_REQUEST } from './no-request.ts';

function view(fields: Partial<LimitView> & { headers?: Record<string, string> } = {}): LimitView {
  return {
    ...NO_REQUEST,
    operation: 'chat',
    method: 'POST',
    path: '/v1/chat/completions',
    service: 's',
    route: 'r',
    ip: '192.0.2.1',
    header: (name) => fields.headers?.[name],
    ...fields,
  };
}

/** One limit as a gateway file writes it. */
function limit(fields: object): CompiledLimit {
  const { config, issues } = validateValue({
    static_cluster: { c: { provider: 'demo' } },
    virtual_services: [{ name: 's', rate_limit: [{ requests: 1, per: 'minute', ...fields }] }],
  });
  assert.deepEqual(issues, []);
  const [compiled] = compileRateLimits(config?.virtual_services[0]?.rate_limit ?? [], 'service s');
  assert.ok(compiled);
  return compiled;
}

function counts(match: object, of: Parameters<typeof view>[0]): boolean {
  return limit({ match }).matches?.(view(of)) ?? true;
}

test('models: exact, glob and the other forms; what is sent is known only at an attempt', () => {
  assert.equal(counts({ model: 'gpt-*' }, { model: 'gpt-4o' }), true);
  assert.equal(counts({ model: 'gpt-*' }, { model: 'claude' }), false);
  assert.equal(counts({ model: { regex: 'gpt-[0-9]+' } }, { model: 'gpt-4' }), true);
  assert.equal(counts({ model: { regex: 'gpt-[0-9]+' } }, { model: 'gpt-4o' }), false);
  assert.equal(counts({ model: { exact: 'a*' } }, { model: 'ab' }), false);
  assert.equal(counts({ model: '*' }, {}), false);
  assert.equal(counts({ sent_model: 'm' }, { model: 'm' }), false);
  assert.equal(counts({ sent_model: 'm' }, { sentModel: 'm' }), true);
});

test('methods, paths, addresses, callers and headers', () => {
  assert.equal(counts({ methods: ['POST'] }, {}), true);
  assert.equal(counts({ methods: ['GET'] }, {}), false);
  assert.equal(counts({ paths: ['/v1/embeddings', { prefix: '/v1/chat/' }] }, {}), true);
  assert.equal(counts({ paths: [{ regex: '/v2/.*' }] }, {}), false);
  const ips = ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7'];
  for (const ip of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::5', '192.0.2.7'])
    assert.equal(counts({ ips }, { ip }), true, ip);
  for (const ip of ['11.1.2.3', '2001:db9::5', '192.0.2.8']) assert.equal(counts({ ips }, { ip }), false, ip);
  assert.equal(counts({ keys: ['ada', 'bob'] }, { key: 'bob' }), true);
  assert.equal(counts({ keys: ['ada'] }, {}), false);
  assert.equal(counts({ users: ['ada'] }, { user: 'ada' }), true);
  assert.equal(counts({ headers: { 'X-A': 'b' } }, { headers: { 'x-a': 'b' } }), true);
  assert.equal(counts({ headers: { 'x-a': { regex: 'b.*' } } }, { headers: { 'x-a': 'bc' } }), true);
  assert.equal(counts({ headers: { 'x-a': { present: true } } }, {}), false);
});

test('exceptions: one that holds is enough, and what a request lacks is no exception', () => {
  const match = { model: 'm', except: [{ headers: { 'x-tier': 'gold' } }, { keys: ['ada'], ips: ['10.0.0.0/8'] }] };
  assert.equal(counts(match, { model: 'm' }), true);
  assert.equal(counts(match, { model: 'm', headers: { 'x-tier': 'gold' } }), false);
  assert.equal(counts(match, { model: 'm', key: 'ada' }), true);
  assert.equal(counts(match, { model: 'm', key: 'ada', ip: '10.0.0.1' }), false);
  assert.equal(counts(match, { model: 'n' }), false);
});

test('a limit on the target is reserved for each attempt', () => {
  assert.equal(limit({}).perAttempt, false);
  assert.equal(limit({ by: 'cluster' }).perAttempt, true);
  assert.equal(limit({ match: { cluster: 'c' } }).perAttempt, true);
  assert.equal(limit({ match: { sent_model: 'm' } }).perAttempt, true);
  assert.equal(limit({ match: { except: [{ cluster: 'c' }] } }).perAttempt, true);
});

const WARN_AT = [80];

test('limits with one counter count together, others by place and by what they count', () => {
  const config = (place: string, counter?: string) => {
    const common = { match: undefined, counter, name: undefined };
    const rate = {
      ...common,
      by: undefined,
      requests: 1,
      per: 'minute',
      algorithm: 'sliding_window',
      shadow: false,
    } as const;
    const budget = {
      ...common,
      tokens: 5,
      per: 'day',
      time_zone: 'UTC',
      warn_at: WARN_AT,
      soft: false,
      on_exhausted: 'refuse',
    } as const;
    return [...compileRateLimits([rate], place), ...compileBudgets([budget], place)].map(({ id }) => id);
  };
  assert.deepEqual(config('a', 'shared'), config('b', 'shared'));
  assert.notDeepEqual(config('a'), config('b'));
  assert.equal(new Set(config('a')).size, 2);
});

test('an address range that is none is refused', () => {
  assert.throws(
    () => limit({ match: { ips: ['10.0.0.0/40'] } }),
    /"10\.0\.0\.0\/40" is not an IP address or CIDR range/,
  );
  assert.throws(() => limit({ match: { ips: ['10.0.0'] } }), /is not an IP address or CIDR range/);
});
