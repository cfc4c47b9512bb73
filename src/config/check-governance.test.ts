import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKey } from '../filters/auth/key-format.ts';
import { ConfigError, formatIssue } from './issue.ts';
import { loadConfig } from './load.ts';

const REST = `
static_cluster: { demo: { provider: demo } }
`;
const SERVICE = `
virtual_services:
  - name: main
    auth_filter: { api_keys: organizations }
    virtual_routes: [{ name: cheap, match: { model: x }, split: [{ cluster: demo }] }, { name: gold, split: [{ cluster: demo }] }]
`;
const LEDGER = 'stores: { ledger: { sqlite: ./aigw.db } }\n';

/** What loading says, line by line: errors, or warnings where there are none. */
function say(text: string): string[] {
  try {
    const loaded = loadConfig([{ file: 'aigw.yaml', text: text.slice(1) }], {
      env: {},
      readText: () => '',
      homeDirectory: '/home/user',
    });
    return loaded.warnings.map(formatIssue);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

/** Limits of a service, each in a line of its own: the first stands in line 4. */
function sayOfLimits(field: 'rate_limit' | 'budget', ...limits: string[]): string[] {
  const lines = limits.map((limit) => `      - ${limit}`).join('\n');
  const text = `
virtual_services:
  - name: main
    ${field}:
${lines}
    virtual_routes: [{ name: gold, split: [{ cluster: demo }] }]${REST}`;
  return say(text).map((line) => line.replace(/virtual_services\[0\]\./, ''));
}

test('a rate limit counts one thing over one time', () => {
  assert.deepEqual(
    sayOfLimits(
      'rate_limit',
      '{ requests: 5, per: minute }',
      '{ per: minute }',
      '{ requests: 5, tokens: 6, per: minute, name: two }',
      '{ requests: 7 }',
      '{ concurrent: 5, per: minute }',
      '{ requests: 8, per: 0s }',
      '{ requests: 9, per: hour, burst: 3 }',
      '{ concurrent: 6, by: key, algorithm: token_bucket }',
    ),
    [
      'aigw.yaml:5:9: rate_limit[1]: counts nothing; add one of requests, tokens, input_tokens, output_tokens, usd, concurrent, cost',
      'aigw.yaml:6:9: rate_limit[2]: counts requests and tokens; make a limit of each',
      'aigw.yaml:7:9: rate_limit[3]: has no `per`; add `per: minute`, or another time',
      'aigw.yaml:8:31: rate_limit[4].per: cannot stand beside `concurrent`, which counts what is in flight; remove it',
      'aigw.yaml:9:29: rate_limit[5].per: must be more than 0; write a time such as 10s',
      'aigw.yaml:10:42: rate_limit[6].burst: is of a token bucket alone; add `algorithm: token_bucket`',
      'aigw.yaml:11:46: rate_limit[7].algorithm: is of no use for `concurrent`; remove it',
    ],
  );
});

test('the patterns of a limit can be compiled, and its operations are known', () => {
  const pattern =
    'is not a regular expression: error parsing regexp: invalid nested repetition operator: `**`; write RE2 syntax, which has no look-around';
  assert.deepEqual(
    sayOfLimits(
      'rate_limit',
      '{ requests: 1, per: hour, match: { headers: { x-a: { regex: "a**" } } } }',
      '{ requests: 2, per: hour, match: { except: [{ sent_model: { regex: "b**" } }] } }',
    ),
    [
      `aigw.yaml:4:69: rate_limit[0].match.headers.x-a.regex: "a**" ${pattern}`,
      `aigw.yaml:5:76: rate_limit[1].match.except[0].sent_model.regex: "b**" ${pattern}`,
    ],
  );
  assert.deepEqual(sayOfLimits('rate_limit', '{ requests: 1, per: hour, match: { operations: [chatt] } }'), [
    'aigw.yaml:4:57: rate_limit[0].match.operations[0]: "chatt" is unknown; did you mean `chat`?',
  ]);
});

test('limits of one level can be told apart', () => {
  assert.deepEqual(
    sayOfLimits(
      'rate_limit',
      '{ requests: 5, per: minute, name: a }',
      '{ tokens: 5, per: minute, name: a }',
      '{ usd: 1, per: minute }',
      '{ usd: 2, per: minute }',
      '{ usd: 2, per: minute, by: key }',
    ),
    [
      'aigw.yaml:5:41: rate_limit[1].name: another rate limit of this level is already named "a"; choose another name',
      'aigw.yaml:7:9: rate_limit[3]: counts the same as another rate limit of this level, so that only one of them would hold; give it a `name`, or remove it',
    ],
  );
});

test('limits with one counter count the same', () => {
  assert.deepEqual(
    sayOfLimits(
      'rate_limit',
      '{ requests: 5, per: minute, counter: c, by: key }',
      '{ requests: 5, per: hour, counter: c, by: ip, name: b }',
    ),
    [
      'aigw.yaml:5:44: rate_limit[1].counter: another limit with the counter "c" counts requests per minute, this one requests per hour; let both count the same over the same time, or name another counter',
    ],
  );
});

test('cost expressions are compiled when they are loaded', () => {
  const [line, ...more] = sayOfLimits(
    'rate_limit',
    '{ cost: { cel: "input_tokens + output_tokens * uint(3)", limit: 5 }, per: minute }',
    '{ cost: { cel: "input_tokens + words", limit: 5 }, per: hour }',
  );
  assert.deepEqual(more, []);
  assert.match(line ?? '', /^aigw\.yaml:5:24: rate_limit\[1\]\.cost\.cel: .*words/);
});

test('a budget counts one thing, in a time zone there is, and leads to a route there is', () => {
  assert.deepEqual(
    sayOfLimits(
      'budget',
      '{ usd: 5 }',
      '{ usd: 5, tokens: 6 }',
      '{ tokens: 6, time_zone: Europe/Atlantis }',
      '{ tokens: 7, per: day, webhook: hooks.example.com }',
      '{ usd: 5, per: day, on_exhausted: { route: golt } }',
      '{ usd: 10000000, per: week, match: { cluster: demos, ips: [10.0.0.0/33] } }',
      '{ usd: 6, per: hour, soft: true, on_exhausted: { route: gold } }',
    ),
    [
      'aigw.yaml:5:9: budget[1]: counts usd and tokens; make a limit of each',
      'aigw.yaml:6:33: budget[2].time_zone: "Europe/Atlantis" is not a time zone; write one such as UTC or Europe/Berlin',
      'aigw.yaml:7:41: budget[3].webhook: is not a URL; write one such as https://hooks.example.com/budget',
      'aigw.yaml:8:52: budget[4].on_exhausted.route: there is no virtual route "golt"; did you mean `gold`?',
      'aigw.yaml:9:16: budget[5].usd: is more than 9000000; split it by team, or by a shorter `per`',
      'aigw.yaml:9:55: budget[5].match.cluster: there is no cluster "demos"; did you mean `demo`?',
      'aigw.yaml:9:68: budget[5].match.ips[0]: "10.0.0.0/33" is not an IP address or CIDR range; write one such as 10.0.0.0/8',
    ],
  );
});

test('names are unique within their level, and a user may be called like a team', () => {
  const text = `
organizations:
  - name: acme
    teams: [{ name: a }, { name: a }]
    users: [{ name: a, keys: [{ name: k, key: one }, { name: k, key: two }] }]
  - name: acme
${LEDGER}${SERVICE}${REST}`;
  assert.deepEqual(say(text), [
    'aigw.yaml:3:34: organizations[0].teams[1].name: another team is already named "a"; choose another name',
    'aigw.yaml:4:62: organizations[0].users[0].keys[1].name: another key is already named "k"; choose another name',
    'aigw.yaml:5:11: organizations[1].name: another organization is already named "acme"; choose another name',
  ]);
});

test('no two keys have one text, and none looks issued that is not', () => {
  const good = createKey((count) => new Uint8Array(count).fill(7)).text;
  const broken = `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`;
  const text = `
organizations:
  - { name: a, keys: [{ name: k, key: same-text }, { name: issued, key: ${good} }] }
  - { name: b, keys: [{ name: k, key: same-text }] }
  - { name: c, keys: [{ name: k, key: ${broken} }] }
${LEDGER}${SERVICE}${REST}`;
  const lines = say(text);
  assert.deepEqual(lines, [
    'aigw.yaml:3:39: organizations[1].keys[0].key: is the same text as another key, so that nobody could tell whose it is; give each its own',
    'aigw.yaml:4:39: organizations[2].keys[0].key: looks like a key that a gateway has issued, but its checksum is wrong: it would never be taken; copy it again, or choose another text',
  ]);
  assert.ok(!lines.join().includes('same-text') && !lines.join().includes(broken));
});

test('no level may do more than the one above it', () => {
  const text = `
organizations:
  - name: acme
    allowed_models: ["gpt-4*", "claude-*-haiku"]
    allowed_ips: [10.0.0.0/8, "2001:db8::/32"]
    allowed_operations: [chat]
    allowed_routes: [gold]
    teams:
      - name: fine
        allowed_models: [gpt-4o, "gpt-4o-*", "claude-3*-haiku"]
        allowed_ips: [10.1.2.3, "::ffff:10.0.0.1", "2001:db8:1::/48"]
        allowed_routes: [gold]
      - name: more
        allowed_models: ["gpt-*"]
        allowed_ips: [11.0.0.0/8]
        allowed_operations: [chat, embeddings]
        allowed_routes: [cheap]
        users: [{ name: u, keys: [{ name: k, key: abc, allowed_models: ["*"] }] }]
      - { name: unknown, allowed_routes: [silver], allowed_ips: [nowhere] }
${LEDGER}${SERVICE}${REST}`;
  assert.deepEqual(
    say(text).map((line) => line.replace(/; .*/, '')),
    [
      'aigw.yaml:13:26: organizations[0].teams[1].allowed_models[0]: "gpt-*" is more than the organization "acme" may do',
      'aigw.yaml:14:23: organizations[0].teams[1].allowed_ips[0]: "11.0.0.0/8" is more than the organization "acme" may do',
      'aigw.yaml:15:36: organizations[0].teams[1].allowed_operations[1]: "embeddings" is more than the organization "acme" may do',
      'aigw.yaml:16:26: organizations[0].teams[1].allowed_routes[0]: "cheap" is more than the organization "acme" may do',
      'aigw.yaml:17:73: organizations[0].teams[1].users[0].keys[0].allowed_models[0]: "*" is more than the team "more" may do',
      'aigw.yaml:18:43: organizations[0].teams[2].allowed_routes[0]: there is no virtual route "silver"',
      'aigw.yaml:18:66: organizations[0].teams[2].allowed_ips[0]: "nowhere" is not an IP address or CIDR range',
    ],
  );
});

test('organizations that nothing asks for, or that nothing is kept of, are told of', () => {
  const unused = `
organizations: [{ name: acme }]
virtual_services: [{ name: main, virtual_routes: [{ split: [{ cluster: demo }] }] }]${REST}`;
  assert.deepEqual(say(unused), [
    'aigw.yaml:1:1: warning: organizations: no virtual service asks for their keys, so that none of their limits holds; add `auth_filter: { api_keys: organizations }` to a virtual service',
    'aigw.yaml:1:1: warning: organizations: their usage is not kept: no ledger is configured; add `stores: { ledger: { sqlite: ./aigw.db } }`',
  ]);
  assert.deepEqual(say(`${SERVICE}${REST}`), [
    'aigw.yaml:3:30: warning: virtual_services[0].auth_filter.api_keys: there are neither organizations nor issued keys, so that no key is known; add `organizations`, or `issued_keys`',
  ]);
  assert.deepEqual(say(`\n${LEDGER}organizations: [{ name: acme }]\n${SERVICE}${REST}`), []);
});

test('stores are servers that can be asked', () => {
  const text = `
stores: { counters: { redis: { url: "http://redis:6379" } }, ledger: { postgres: "mysql://db" } }
issued_keys: { hmac_secret: short }
${SERVICE}${REST}`;
  assert.deepEqual(say(text), [
    'aigw.yaml:1:37: stores.counters.redis.url: is not a redis:// or rediss:// URL; write one such as redis://user:password@host:6379',
    'aigw.yaml:1:82: stores.ledger.postgres: is not a postgres:// URL; write one such as postgres://user:password@host:5432/aigw',
    'aigw.yaml:2:29: issued_keys.hmac_secret: has fewer than 16 bytes, so that it could be guessed; take the output of `openssl rand -hex 32`',
  ]);
  assert.deepEqual(say(`\nissued_keys: { hmac_secret: 0123456789abcdef0123 }\n${SERVICE}${REST}`), [
    'aigw.yaml:1:1: issued_keys: have no place: they are kept in the ledger’s database, and none is configured; add `stores: { ledger: { sqlite: ./aigw.db } }`',
  ]);
});

test('an auth filter can tell who calls', () => {
  const filter = (text: string) =>
    say(`
virtual_services:
  - name: main
    auth_filter: ${text}
    virtual_routes: [{ split: [{ cluster: demo }] }]${REST}`).map((line) =>
      line.replace('virtual_services[0].auth_filter', 'auth'),
    );
  assert.deepEqual(filter('{}'), [
    'aigw.yaml:3:18: auth: takes no credential at all, so that it lets nobody in; add `api_keys: organizations`, `jwt` or `basic`',
  ]);
  assert.deepEqual(filter('{ api_keys: [{ name: a, key: x }, { name: a, key: x }] }'), [
    'aigw.yaml:3:60: auth.api_keys[1].name: another key is already named "a"; choose another name',
    'aigw.yaml:3:68: auth.api_keys[1].key: is the same text as another key, so that nobody could tell whose it is; give each its own',
  ]);
  assert.deepEqual(filter('{ basic: [{ user: a, password_hash: secret }] }'), [
    'aigw.yaml:3:54: auth.basic[0].password_hash: is not a hash of the form {SHA}…; write what `htpasswd -nbs USER PASSWORD` prints behind the colon',
  ]);
  const [algorithm, sources] = filter('{ jwt: [{ issuer: a, algorithms: [none], jwks: { file: f, inline: x } }] }');
  assert.match(algorithm ?? '', /jwt\[0\]\.algorithms\[0\]: "none" is not a signature algorithm/);
  assert.match(sources ?? '', /jwt\[0\]\.jwks: names file and inline; give one of url, file and inline/);
});

test('a listener that other machines reach asks every service who calls', () => {
  const listeners = 'listeners: [{ address: 0.0.0.0, name: out }, { address: 127.0.0.1, port: 1, name: in }]';
  const services = (second: string) => `
${listeners}
virtual_services:
  - { name: a, domains: [a], auth_filter: { api_keys: [{ name: k, key: abc }] }, virtual_routes: [{ split: [{ cluster: demo }] }] }
  - { name: b, domains: [b], ${second} virtual_routes: [{ split: [{ cluster: demo }] }] }${REST}`;
  const tail = 'let it ask for keys, listen on 127.0.0.1, or start with --insecure if something in front authenticates';
  assert.deepEqual(say(services('')), [
    `aigw.yaml:1:24: listeners[0].address: 0.0.0.0 is open to other machines and the virtual service "b" has no \`auth_filter\`; ${tail}`,
  ]);
  assert.deepEqual(say(services('auth_filter: { optional: true, api_keys: [{ name: k, key: abc }] },')), [
    `aigw.yaml:1:24: listeners[0].address: 0.0.0.0 is open to other machines and the virtual service "b" lets requests without a credential pass; ${tail}`,
  ]);
  assert.deepEqual(say(services('listeners: [in],')), []);
  assert.deepEqual(say(services('auth_filter: { api_keys: [{ name: k, key: abc }] },')), []);
});
