import assert from 'node:assert/strict';
import test from 'node:test';
import type { PriceOverride } from './override.ts';
import { createPriceBook } from './price-book.ts';
import { usdPerMillion } from './price-entry.ts';
import type { PriceRow } from './price-row.ts';
import { PRICE_TABLE } from './table.ts';

const AT = Date.parse('2026-11-22T08:00:00Z');

function book(overrides: readonly PriceOverride[] = [], now = () => AT, table: readonly PriceRow[] = PRICE_TABLE) {
  return createPriceBook(table, overrides, { now });
}

/** Input and output in USD for a million tokens; `unknown` when there is no price. */
function rates(provider: string, model: string, region?: string): string {
  const entry = book().find(provider, model, region);
  return entry === undefined ? 'unknown' : `${usdPerMillion(entry, 'input')}/${usdPerMillion(entry, 'output')}`;
}

const NAMES: readonly (readonly [provider: string, model: string, region: string | undefined, rates: string])[] = [
  ['openai', 'gpt-4o', undefined, '2.5/10'],
  ['openai', 'GPT-4o', undefined, '2.5/10'],
  ['openai', 'gpt-4o-2024-08-06', undefined, '2.5/10'],
  ['openai', 'gpt-4o-2024-05-13', undefined, '5/15'],
  ['openai', 'gpt-4o-2024-13-06', undefined, 'unknown'],
  ['openai', 'gpt-4o-mini-2024-07-18', undefined, '0.15/0.6'],
  ['openai', 'gpt-4o-something', undefined, 'unknown'],
  ['openai', 'gpt-4', undefined, '30/60'],
  ['openai', 'ft:gpt-4o-mini-2024-07-18:acme::abc123', undefined, '0.3/1.2'],
  ['openai', 'ft:gpt-4o-mini:acme::abc123', undefined, '0.3/1.2'],
  ['openai', 'ft:gpt-5:acme::abc123', undefined, 'unknown'],
  ['openai', '', undefined, 'unknown'],
  ['openai', 'x'.repeat(10_000), undefined, 'unknown'],
  ['azure-openai', 'gpt-35-turbo', undefined, '0.5/1.5'],
  ['azure-openai', 'gpt-4o', 'eastus', '2.5/10'],
  ['azure-openai', 'our-chat-model', undefined, 'unknown'],
  ['anthropic', 'claude-opus-5-5', undefined, '4/20'],
  ['anthropic', 'claude-sonnet-4-20250514', undefined, '3/15'],
  ['anthropic', 'claude-3-5-haiku-latest', undefined, '0.8/4'],
  ['aws-bedrock', 'us.anthropic.claude-sonnet-4-20250514-v1:0', 'us-east-1', '3/15'],
  ['aws-bedrock', 'anthropic.claude-sonnet-4-5-20250929-v1:0', 'eu-west-1', '3.3/16.5'],
  ['aws-bedrock', 'eu.anthropic.claude-haiku-4-5-20251001-v1:0', 'eu-west-1', '1.1/5.5'],
  ['aws-bedrock', 'global.anthropic.claude-haiku-4-5-20251001-v1:0', 'eu-west-1', '1/5'],
  ['aws-anthropic', 'anthropic.claude-3-5-sonnet-20241022-v2:0', 'us-west-2', '3/15'],
  [
    'aws-bedrock',
    'arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-6-v1',
    'us-east-1',
    '5.5/27.5',
  ],
  ['aws-bedrock', 'us.amazon.nova-lite-v1:0', 'us-east-1', '0.06/0.24'],
  ['aws-bedrock', 'eu.amazon.nova-lite-v1:0', 'eu-west-1', '0.078/0.312'],
  ['aws-bedrock', 'apac.amazon.nova-lite-v1:0', 'ap-northeast-1', 'unknown'],
  ['aws-bedrock', 'amazon.titan-embed-text-v1', 'us-east-1', '0.1/0'],
  ['aws-bedrock', 'amazon.titan-embed-text-v2:0', 'us-east-1', '0.02/0'],
  ['aws-bedrock', 'amazon.titan-embed-text-v2:0', 'eu-west-1', 'unknown'],
  ['aws-bedrock', 'openai.gpt-oss-120b-1:0', 'us-west-2', '0.15/0.6'],
  ['aws-bedrock', 'deepseek.v3-v1:0', 'us-west-2', '0.58/1.68'],
  ['aws-bedrock', 'deepseek.v3.2', 'us-west-2', '0.62/1.85'],
  ['gcp-anthropic', 'claude-sonnet-4@20250514', 'us-east5', '3/15'],
  ['gcp-anthropic', 'claude-3-5-sonnet-v2@20241022', 'us-east5', '3/15'],
  ['gcp-anthropic', 'claude-sonnet-4-5@20250929', 'global', '3/15'],
  ['gcp-anthropic', 'claude-sonnet-4-5@20250929', 'europe-west1', '3.3/16.5'],
  ['google', 'models/gemini-2.5-flash', undefined, '0.3/2.5'],
  ['google', 'gemini-2.5-flash-001', undefined, '0.3/2.5'],
  ['gcp-vertex', 'publishers/google/models/gemini-2.5-pro', 'europe-west4', '1.25/10'],
  ['gcp-vertex', 'projects/p/locations/l/publishers/google/models/gemini-2.5-pro', 'europe-west4', '1.25/10'],
  ['gcp-vertex', 'gemini-3.5-flash-lite', 'global', '0.3/2.5'],
  ['gcp-vertex', 'gemini-3.5-flash-lite', 'europe-west4', '0.33/2.75'],
  ['mistral', 'mistral-small-latest', undefined, '0.15/0.6'],
  ['mistral', 'mistral-large-latest', undefined, 'unknown'],
  ['together', 'meta-llama/Llama-3.3-70B-Instruct-Turbo', undefined, '1.04/1.04'],
  ['fireworks', 'accounts/fireworks/models/kimi-k2p6', undefined, '0.95/4'],
  ['groq', 'openai/gpt-oss-20b', undefined, '0.075/0.3'],
  ['vllm', 'gpt-4o', undefined, 'unknown'],
  ['ollama', 'llama3.3', undefined, 'unknown'],
];

for (const [provider, model, region, expected] of NAMES) {
  test(`${provider} ${model.slice(0, 60)} ${region ?? ''} costs ${expected}`, () => {
    assert.equal(rates(provider, model, region), expected);
  });
}

test('every bundled row is a price with a source and a date, and no two say different things of one model', () => {
  const seen = new Map<string, string>();
  for (const row of PRICE_TABLE) {
    const label = `${row.providers[0]} ${row.models[0]}`;
    assert.ok(row.rates !== undefined || row.units !== undefined, label);
    assert.match(row.source, /^https:\/\/[a-z.-]+\//, label);
    assert.match(row.date, /^20\d\d-\d\d-\d\d$/, label);
    assert.ok(Date.parse(row.date) <= AT, `${label} was known before today`);
    for (const provider of row.providers) {
      for (const model of row.models) {
        assert.equal(model, model.toLowerCase(), label);
        const key = `${provider} ${model} ${row.regions?.join() ?? ''} ${row.from ?? ''} ${row.until ?? ''}`;
        assert.equal(seen.get(key), undefined, `${key} stands twice`);
        seen.set(key, label);
      }
    }
    const { rates, above = [] } = row;
    if (rates === undefined) continue;
    assert.ok((rates.cacheRead ?? rates.input) <= rates.input || saysWhy(row), `${label}: a cache read is dear`);
    for (const step of above) assert.ok(step.rates.input >= rates.input && step.rates.output >= rates.output, label);
  }
});

/** Where kinds of cached input are mixed, the row says so. */
function saysWhy(row: PriceRow): boolean {
  return row.note !== undefined;
}

test('every entry compiles', () => {
  assert.ok(book().entries().length > 250);
});

test('a price that is announced for a day comes into force on it, without a new book', () => {
  let now = Date.parse('2026-12-31T23:59:59.999Z');
  const cluster = book([], () => now).forCluster({ provider: 'google' });
  const input = () => {
    const entry = cluster.find('gemini-3.8-flash');
    return entry && usdPerMillion(entry, 'input');
  };
  assert.equal(input(), 0.75);
  now += 1;
  assert.equal(input(), 1.5);
});

test('the memo of a cluster stays bounded and right', () => {
  const cluster = book().forCluster({ provider: 'openai' });
  for (let index = 0; index < 5000; index++) assert.equal(cluster.find(`made-up-${index}`), undefined);
  assert.equal(cluster.find('gpt-4o')?.model, 'gpt-4o');
  assert.equal(cluster.find('gpt-4o'), cluster.find('gpt-4o-2024-11-20'));
});

test('configured prices go before bundled ones, the first that fits counts', () => {
  const custom = book([
    { cluster: 'azure-eu', model: 'our-chat-*', input_per_million: 2.75, output_per_million: 11, source: 'contract' },
    { provider: 'openai', model: 'gpt-4o', input_per_million: 2, output_per_million: 8 },
    { provider: 'openai', model: 'gpt-4o*', input_per_million: 1, output_per_million: 4 },
    { provider: 'vllm', model: '*', input_per_million: 0, output_per_million: 0 },
  ]);
  const input = (provider: string, model: string, cluster?: string) => {
    const entry = custom.forCluster({ provider, cluster }).find(model);
    return entry && usdPerMillion(entry, 'input');
  };
  assert.equal(input('azure-openai', 'our-chat-model', 'azure-eu'), 2.75);
  assert.equal(input('azure-openai', 'Our-Chat-Model', 'azure-eu'), 2.75);
  assert.equal(input('azure-openai', 'our-chat-model', 'azure-us'), undefined);
  assert.equal(input('openai', 'gpt-4o'), 2);
  assert.equal(input('openai', 'gpt-4o-mini'), 1);
  assert.equal(input('vllm', 'whatever'), 0);
  assert.equal(input('ollama', 'whatever'), undefined);
});

test('an override for a name does not reach a snapshot that has a price of its own', () => {
  const custom = book([{ provider: 'openai', model: 'gpt-4o', input_per_million: 2, output_per_million: 8 }]);
  const input = (model: string) => {
    const entry = custom.find('openai', model);
    return entry && usdPerMillion(entry, 'input');
  };
  assert.equal(input('gpt-4o-2024-08-06'), 2);
  assert.equal(input('gpt-4o-2024-05-13'), 5);
});

test('an override can hold in one region or geography', () => {
  const custom = book([
    {
      provider: 'aws-bedrock',
      model: '*nova-lite*',
      region: 'apac',
      input_per_million: 0.063,
      output_per_million: 0.252,
    },
  ]);
  const entry = custom.find('aws-bedrock', 'amazon.nova-lite-v1:0', 'ap-northeast-1');
  assert.equal(entry?.origin, 'configured');
  assert.equal(custom.find('aws-bedrock', 'amazon.nova-lite-v1:0', 'us-east-1')?.origin, 'bundled');
});

test('what is not a price is refused', () => {
  assert.throws(() => book([{ provider: 'openai', model: 'x', input_per_million: -1 }]), /-1 is not a price/);
  assert.throws(() => book([{ provider: 'openai', model: 'x', input_per_million: Number.NaN }]), RangeError);
});
