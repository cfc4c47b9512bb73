import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateValue } from '../validate.ts';
import { ai, FRAME, load, policy, secret, target } from './resource-documents.test.ts';

const COSTS = `[{metadataKey: in, type: InputToken}, {metadataKey: out, type: OutputToken}, {metadataKey: all, type: TotalToken}, {metadataKey: cached, type: CachedInputToken}, {metadataKey: made, type: CacheCreationInputToken}, {metadataKey: thought, type: ReasoningToken}, {metadataKey: billed, type: CEL, cel: "input_tokens * 2u"}]`;

interface Wanted {
  rules: string;
  costs?: string;
  scope?: 'global' | 'local';
  more?: string;
}

function limitsOf({ rules, costs = COSTS, scope = 'global', more = '' }: Wanted) {
  const route = ai(
    'AIGatewayRoute',
    `{parentRefs: [{name: g}], llmRequestCosts: ${costs}, rules: [{backendRefs: [{name: a}]}]}`,
  );
  const traffic = policy('BackendTrafficPolicy', `{${target()}, rateLimit: {${scope}: {rules: ${rules}}}}`);
  const { config, errors, warnings } = load(`${FRAME}${route}${traffic}${more}`);
  assert.deepEqual(errors, []);
  assert.deepEqual(validateValue(config).issues, []);
  const limits = config.virtual_services?.[0]?.virtual_routes?.[0]?.rate_limit ?? [];
  return { limits, warnings };
}

/** The limits without name and counter. */
function amounts(rules: string, options: Omit<Wanted, 'rules'> = {}) {
  const { limits, warnings } = limitsOf({ rules, ...options });
  assert.deepEqual(warnings, []);
  return limits.map(({ name, counter, ...rest }) => rest);
}

const metadata = (key: string) => `{from: Metadata, metadata: {namespace: io.envoy.ai_gateway, key: ${key}}}`;

test('units', () => {
  for (const [unit, per] of Object.entries({
    Second: 'second',
    Minute: 'minute',
    Hour: 'hour',
    Day: 'day',
    Month: 'month',
    Year: '365d',
  })) {
    assert.deepEqual(amounts(`[{limit: {requests: 7, unit: ${unit}}}]`), [{ requests: 7, per }]);
  }
});

test('what is counted: requests, tokens of a kind, expressions, sums of both', () => {
  const amount = (cost: string) => {
    const [limit] = amounts(`[{limit: {requests: 9, unit: Hour}, cost: ${cost}}]`);
    const { per, ...rest } = limit ?? {};
    return rest;
  };
  const free = 'request: {from: Number, number: 0}';
  assert.deepEqual(amount('{request: {from: Number, number: 3}}'), { cost: { cel: '3', limit: 9 } });
  assert.deepEqual(amount(`{${free}, response: ${metadata('all')}}`), { tokens: 9 });
  assert.deepEqual(amount(`{${free}, response: ${metadata('in')}}`), { input_tokens: 9 });
  assert.deepEqual(amount(`{${free}, response: ${metadata('out')}}`), { output_tokens: 9 });
  assert.deepEqual(amount(`{${free}, response: ${metadata('cached')}}`), {
    cost: { cel: 'cached_input_tokens', limit: 9 },
  });
  assert.deepEqual(amount(`{${free}, response: ${metadata('made')}}`), {
    cost: { cel: 'cache_creation_input_tokens', limit: 9 },
  });
  assert.deepEqual(amount(`{${free}, response: ${metadata('thought')}}`), {
    cost: { cel: 'reasoning_tokens', limit: 9 },
  });
  assert.deepEqual(amount(`{${free}, response: ${metadata('billed')}}`), {
    cost: { cel: 'input_tokens * 2u', limit: 9 },
  });
  // Without a cost of its own a request costs 1 beside what its answer does.
  assert.deepEqual(amount(`{response: ${metadata('all')}}`), {
    cost: { cel: 'uint(total_tokens) + uint(1)', limit: 9 },
  });
  assert.deepEqual(amount(`{${free}, response: {from: Number, number: 4}}`), { cost: { cel: '4', limit: 9 } });
});

test('costs of the Gateway hold where the route has none of the key', () => {
  const annotated = FRAME.replace('{name: g}', '{name: g, annotations: {aigateway.envoyproxy.io/gateway-config: gc}}');
  const config = ai(
    'GatewayConfig',
    '{globalLLMRequestCosts: [{metadataKey: one, type: InputToken}, {metadataKey: two, type: InputToken}]}',
    'name: gc',
  );
  const route = ai(
    'AIGatewayRoute',
    '{parentRefs: [{name: g}], llmRequestCosts: [{metadataKey: two, type: OutputToken}], rules: [{backendRefs: [{name: a}]}]}',
  );
  const rule = (key: string) =>
    `{limit: {requests: 5, unit: Day}, cost: {request: {from: Number, number: 0}, response: ${metadata(key)}}}`;
  const traffic = policy(
    'BackendTrafficPolicy',
    `{${target()}, rateLimit: {global: {rules: [${rule('one')}, ${rule('two')}]}}}`,
  );
  const made = load(`${annotated}${config}${route}${traffic}`);
  assert.deepEqual([...made.errors, ...made.warnings], []);
  const limits = made.config.virtual_services?.[0]?.virtual_routes?.[0]?.rate_limit ?? [];
  assert.deepEqual(
    limits.map(({ input_tokens, output_tokens }) => [input_tokens, output_tokens]),
    [
      [5, undefined],
      [undefined, 5],
    ],
  );
});

test('selectors: exact, pattern, distinct, inverted, addresses, methods, paths; all must hold', () => {
  const matchOf = (selectors: string) => {
    const [limit] = amounts(`[{clientSelectors: ${selectors}, limit: {requests: 1, unit: Hour}}]`);
    const { requests, per, ...rest } = limit ?? {};
    return rest;
  };
  assert.deepEqual(
    matchOf('[{headers: [{name: X-A, value: b}, {name: x-c, type: RegularExpression, value: "d.*"}]}]'),
    {
      match: { headers: { 'x-a': { exact: 'b' }, 'x-c': { regex: 'd.*' } } },
    },
  );
  assert.deepEqual(
    matchOf('[{headers: [{name: x-user, type: Distinct}]}, {headers: [{name: x-app, type: Distinct}]}]'),
    {
      by: [{ header: 'x-user' }, { header: 'x-app' }],
    },
  );
  assert.deepEqual(
    matchOf('[{headers: [{name: x-user, type: Distinct}, {name: x-user, value: admin, invert: true}]}]'),
    {
      by: { header: 'x-user' },
      match: { except: [{ headers: { 'x-user': { exact: 'admin' } } }] },
    },
  );
  assert.deepEqual(matchOf('[{headers: [{name: x-ai-eg-model, value: m}]}]'), { match: { model: 'm' } });
  assert.deepEqual(matchOf('[{headers: [{name: X-AI-EG-Model, type: RegularExpression, value: "gpt-.*"}]}]'), {
    match: { model: { regex: 'gpt-.*' } },
  });
  assert.deepEqual(matchOf('[{headers: [{name: x-ai-eg-model, type: Distinct}]}]'), { by: 'model' });
  assert.deepEqual(matchOf('[{sourceCIDR: {value: 10.0.0.0/8}}]'), { match: { ips: ['10.0.0.0/8'] } });
  assert.deepEqual(matchOf('[{sourceCIDR: {type: Distinct, value: "fd00::/8"}}]'), {
    by: 'ip',
    match: { ips: ['fd00::/8'] },
  });
  assert.deepEqual(matchOf('[{methods: [{value: POST}, {value: GET}], path: {value: /v1/}}]'), {
    match: { methods: ['POST', 'GET'], paths: [{ exact: '/v1' }, { prefix: '/v1/' }] },
  });
  assert.deepEqual(
    matchOf('[{methods: [{value: GET, invert: true}], path: {type: Exact, value: /v1/models, invert: true}}]'),
    {
      match: { except: [{ methods: ['GET'] }, { paths: [{ exact: '/v1/models' }] }] },
    },
  );
  assert.deepEqual(matchOf('[{path: {type: RegularExpression, value: "/v1/.*"}}]'), {
    match: { paths: [{ regex: '/v1/.*' }] },
  });
});

test('a route counts for itself, a shared rule for all of the policy’s; shadow mode counts and lets pass', () => {
  const { limits } = limitsOf({
    rules:
      '[{limit: {requests: 1, unit: Hour}}, {name: all, shared: true, shadowMode: true, limit: {requests: 2, unit: Hour}}]',
  });
  assert.deepEqual(limits, [
    {
      name: 'default/p/global/0',
      counter: 'BackendTrafficPolicy default/p/global/0 default/x',
      requests: 1,
      per: 'hour',
    },
    {
      name: 'default/p/global/all',
      counter: 'BackendTrafficPolicy default/p/global/all',
      requests: 2,
      per: 'hour',
      shadow: true,
    },
  ]);
});

test('the local rule without selectors counts what no other rule does', () => {
  const rules = `[{clientSelectors: [{headers: [{name: x-user, type: Distinct}]}], limit: {requests: 1, unit: Hour}}, {clientSelectors: [{headers: [{name: x-a, value: b}]}], limit: {requests: 2, unit: Hour}}, {limit: {requests: 3, unit: Hour}}]`;
  const [, , rest] = amounts(rules, { scope: 'local' });
  assert.deepEqual(rest?.match, {
    except: [{ headers: { 'x-user': { present: true } } }, { headers: { 'x-a': { exact: 'b' } } }],
  });
  assert.equal(amounts(rules)[2]?.match, undefined);
});

test('headers that authentication sets are read where they come from', () => {
  const guard = (spec: string) =>
    `${policy('SecurityPolicy', `{${target()}, ${spec}}`, 'name: s')}${secret('stringData: {ada: k}')}`;
  const keys = guard(
    'apiKeyAuth: {credentialRefs: [{name: s}], extractFrom: [{headers: [x-key]}], forwardClientIDHeader: X-User}',
  );
  const rules =
    '[{clientSelectors: [{headers: [{name: x-user, type: Distinct}, {name: x-user, value: ada, invert: true}]}], limit: {requests: 1, unit: Hour}}]';
  assert.deepEqual(amounts(rules, { more: keys }), [
    { by: 'key', match: { except: [{ keys: ['ada'] }] }, requests: 1, per: 'hour' },
  ]);
  const tokens = guard(
    'jwt: {providers: [{name: j, issuer: i, localJWKS: {inline: "{}"}, claimToHeaders: [{claim: org.team, header: x-user}]}]}',
  );
  const { limits } = limitsOf({ rules, more: tokens });
  assert.deepEqual(
    [limits[0]?.by, limits[0]?.match],
    [{ claim: 'org.team' }, { except: [{ claims: { 'org.team': 'ada' } }] }],
  );
});

test('a rule that cannot be held to is named as not enforced', () => {
  const at = 'BackendTrafficPolicy default/p: spec.rateLimit.global.rules[0]';
  const warned = (rule: string) => {
    const { limits, warnings } = limitsOf({ rules: `[{limit: {requests: 1, unit: Hour}, ${rule}}]` });
    assert.deepEqual(limits, []);
    return warnings;
  };
  assert.deepEqual(warned(`cost: {response: ${metadata('lost')}}`), [
    `${at}.cost.response.metadata.key: NOT ENFORCED: no llmRequestCosts of AIGatewayRoute default/x or its Gateway has the key lost (there: in, out, all, cached, made, thought, billed); the rule is ignored`,
  ]);
  assert.deepEqual(warned('cost: {response: {from: Metadata, metadata: {namespace: other, key: all}}}'), [
    `${at}.cost.response.metadata.namespace: NOT ENFORCED: there is no metadata other here; costs are in io.envoy.ai_gateway; the rule is ignored`,
  ]);
  assert.deepEqual(warned(`cost: {request: ${metadata('all')}}`), [
    `${at}.cost.request: NOT ENFORCED: the cost of a request is known only after its answer; the rule is ignored`,
  ]);
  assert.deepEqual(warned('cost: {request: {from: Number, number: 0}}'), [
    `${at}.cost: NOT ENFORCED: neither requests nor their answers cost anything; the rule is ignored`,
  ]);
  assert.deepEqual(warned('clientSelectors: [{queryParams: [{name: a, value: b}]}]'), [
    `${at}.clientSelectors: NOT ENFORCED: conditions on query parameters are not supported; the rule is ignored`,
  ]);
  assert.deepEqual(warned('clientSelectors: [{headers: [{name: a, value: b}, {name: A, value: c}]}]'), [
    `${at}.clientSelectors: NOT ENFORCED: there are two conditions on the header A; the rule is ignored`,
  ]);
});

test('rules of the kind, and names in expressions that mean something else', () => {
  const errorsOf = (rule: string) =>
    load(
      `${FRAME}${policy('BackendTrafficPolicy', `{${target('Gateway', 'g')}, rateLimit: {global: {rules: [${rule}]}}}`)}`,
    ).errors;
  const at = 'BackendTrafficPolicy default/p: spec.rateLimit.global.rules[0]';
  assert.deepEqual(errorsOf('{clientSelectors: [{}], limit: {requests: 1, unit: Hour}}'), [
    `${at}.clientSelectors[0]: rule "at least one of headers, methods, path, sourceCIDR or queryParams must be specified"`,
  ]);
  assert.deepEqual(errorsOf('{clientSelectors: [{headers: [{name: a}]}], limit: {requests: 1, unit: Hour}}'), [
    `${at}.clientSelectors[0].headers[0]: rule "value is required unless type is Distinct"`,
  ]);
  assert.equal(
    errorsOf('{clientSelectors: [{sourceCIDR: {value: 10.0.0.1}}], limit: {requests: 1, unit: Hour}}').length,
    1,
  );
  assert.equal(errorsOf('{limit: {requests: 1, unit: Week}}').length, 1);
  assert.deepEqual(
    errorsOf(
      '{clientSelectors: [{headers: [{name: a, type: RegularExpression, value: "(b"}]}], limit: {requests: 1, unit: Hour}}',
    ),
    [`${at}.clientSelectors[0].headers[0]: rule "value must be a regular expression in RE2 syntax"`],
  );
  const { warnings } = limitsOf({
    rules: '[]',
    costs: `[{metadataKey: a, type: CEL, cel: "backend == 'x' && model == 'route_name' ? 1u : 2u"}]`,
  });
  assert.deepEqual(warnings, [
    'AIGatewayRoute default/x: spec.llmRequestCosts[0].cel: `backend` is the AIServiceBackend as `namespace/name` here',
  ]);
});
