import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAME, load, own, policy, route, secret, target } from './resource-documents.test.ts';

function quota(spec: string, name = 'q', backend = 'a'): string {
  return `---\n{apiVersion: aigateway.envoyproxy.io/v1alpha1, kind: QuotaPolicy, metadata: {name: ${name}}, spec: {targetRefs: [{group: aigateway.envoyproxy.io, kind: AIServiceBackend, name: ${backend}}], ${spec}}}\n`;
}

const ROUTE = route('[{backendRefs: [{name: a, modelNameOverride: m}]}]');
const MINUTE = (limit: number) => `{limit: ${limit}, duration: 1m}`;

function limitsOf(text: string) {
  const { config, errors, warnings } = load(`${FRAME}${ROUTE}${text}`);
  assert.deepEqual(errors, []);
  return { limits: config.virtual_services?.[0]?.rate_limit, warnings };
}

test('a budget of a model and one of the whole backend, counted for each attempt', () => {
  const { limits, warnings } = limitsOf(
    quota(
      `serviceQuota: {costExpression: "output_tokens", quota: {limit: 9, duration: 1d}}, perModelQuotas: [{modelName: m, quota: {defaultBucket: ${MINUTE(100)}}}]`,
    ),
  );
  assert.deepEqual(warnings, []);
  assert.deepEqual(limits, [
    {
      name: 'default/q/a/m/default',
      match: { cluster: 'default/a', sent_model: 'm' },
      counter: 'QuotaPolicy default/q default/a m default',
      tokens: 100,
      per: 'minute',
    },
    {
      name: 'default/q/a/*/default',
      match: { cluster: 'default/a' },
      counter: 'QuotaPolicy default/q default/a * default',
      cost: { cel: 'output_tokens', limit: 9 },
      per: 'day',
    },
  ]);
});

test('a rule decides for those it takes, the default bucket for the rest; all are charged to it', () => {
  const rules = `[{clientSelectors: [{headers: [{name: x-tenant, value: gold}]}], quota: ${MINUTE(500)}}, {clientSelectors: [{headers: [{name: x-tenant, type: Distinct}]}], quota: ${MINUTE(5)}, shadowMode: true}]`;
  const { limits } = limitsOf(
    quota(
      `perModelQuotas: [{modelName: m, quota: {mode: Shared, defaultBucket: ${MINUTE(100)}, bucketRules: ${rules}}}]`,
    ),
  );
  const target = { cluster: 'default/a', sent_model: 'm' };
  const gold = { headers: { 'x-tenant': { exact: 'gold' } } };
  assert.deepEqual(
    limits?.map(({ name, match, by, tokens, shadow }) => ({ name, match, by, tokens, shadow })),
    [
      {
        name: 'default/q/a/m/default',
        match: { ...target, except: [gold] },
        by: undefined,
        tokens: 100,
        shadow: undefined,
      },
      {
        name: 'default/q/a/m/default of rule 0',
        match: { ...target, ...gold },
        by: undefined,
        tokens: 100,
        shadow: true,
      },
      { name: 'default/q/a/m/rule 0', match: { ...target, ...gold }, by: undefined, tokens: 500, shadow: undefined },
      { name: 'default/q/a/m/rule 1', match: target, by: { header: 'x-tenant' }, tokens: 5, shadow: true },
    ],
  );
  assert.equal(new Set(limits?.slice(0, 2).map(({ counter }) => counter)).size, 1);
});

test('headers of authentication, other services and clusters of the backend are under the quota too', () => {
  const guard = `${policy('SecurityPolicy', `{${target()}, apiKeyAuth: {credentialRefs: [{name: s}], extractFrom: [{headers: [x-key]}], forwardClientIDHeader: x-tenant}}`)}${secret('stringData: {gold: k}')}`;
  const traffic = policy('BackendTrafficPolicy', `{${target()}, timeout: {tcp: {connectTimeout: 1s}}}`, 'name: t');
  const elsewhere = own('VirtualService', '{domains: [labs.test], virtualRoutes: [{split: [{cluster: a}]}]}');
  const rules = `[{clientSelectors: [{headers: [{name: x-tenant, value: gold}]}], quota: ${MINUTE(500)}}]`;
  const { config, errors } = load(
    `${FRAME}${ROUTE}${guard}${traffic}${elsewhere}${quota(`perModelQuotas: [{modelName: m, quota: {bucketRules: ${rules}}}]`)}`,
  );
  assert.deepEqual(errors, []);
  const [ours, labs] = (config.virtual_services ?? []).map(({ rate_limit = [] }) => rate_limit[0]);
  assert.deepEqual(ours?.match, { cluster: 'default/a@default/t', sent_model: 'm', keys: ['gold'] });
  assert.deepEqual(labs?.match, { cluster: 'default/a', sent_model: 'm', headers: { 'x-tenant': { exact: 'gold' } } });
  assert.equal(ours?.counter, labs?.counter);
});

test('the policy whose name comes first holds; one without its backend is not enforced', () => {
  const spec = (limit: number) => `perModelQuotas: [{modelName: m, quota: {defaultBucket: ${MINUTE(limit)}}}]`;
  const { limits, warnings } = limitsOf(`${quota(spec(2), 'b')}${quota(spec(1), 'a')}${quota(spec(3), 'c', 'aa')}`);
  assert.deepEqual(
    limits?.map(({ tokens }) => tokens),
    [1],
  );
  assert.deepEqual(warnings, [
    'QuotaPolicy default/b: spec.perModelQuotas[0]: default/a already has this quota from the policy default/a: ignored',
    'QuotaPolicy default/c: spec.targetRefs[0].name: NOT ENFORCED: there is no AIServiceBackend default/aa; did you mean default/a?',
  ]);
});
