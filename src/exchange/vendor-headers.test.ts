import assert from 'node:assert/strict';
import test from 'node:test';
import { dropForeignHeaders, type HeaderTarget } from './vendor-headers.ts';

const CLIENT = [
  'user-agent',
  'sdk',
  'openai-beta',
  'responses=experimental',
  'openai-organization',
  'org-1',
  'anthropic-version',
  '2023-06-01',
  'anthropic-beta',
  'interleaved-thinking-2025-05-14',
  'x-goog-api-client',
  'genai',
  'x-amzn-bedrock-trace',
  'ENABLED',
];

function names(target: HeaderTarget): { kept: string[]; lost: string[] } {
  const headers = [...CLIENT];
  const lost = dropForeignHeaders(headers, headers.length, target);
  return { kept: headers.filter((_, index) => index % 2 === 0).slice(1), lost };
}

test('beta flags and organisation headers reach their own vendor alone', () => {
  assert.deepEqual(names({ dialect: 'openai-responses', provider: 'azure-openai' }), {
    kept: ['openai-beta', 'openai-organization'],
    lost: ["The anthropic-beta flags were not sent: only Anthropic's API takes them."],
  });
  assert.deepEqual(names({ dialect: 'anthropic', provider: 'anthropic' }), {
    kept: ['anthropic-version', 'anthropic-beta'],
    lost: ["The header openai-beta was not sent: only OpenAI's API takes it."],
  });
  assert.deepEqual(names({ dialect: 'gemini', provider: 'google' }).kept, ['x-goog-api-client']);
  assert.deepEqual(names({ dialect: 'bedrock-converse', provider: 'aws-bedrock' }).kept, ['x-amzn-bedrock-trace']);
  assert.deepEqual(names({ dialect: 'anthropic', provider: 'gcp-anthropic' }).kept, [
    'anthropic-version',
    'anthropic-beta',
    'x-goog-api-client',
  ]);
  assert.deepEqual(names({ dialect: 'cohere-chat', provider: 'cohere' }).kept, []);
});

test('headers that the configuration sets stand, whatever their name', () => {
  const headers = ['openai-beta', 'a', 'openai-organization', 'configured'];
  dropForeignHeaders(headers, 2, { dialect: 'cohere-chat', provider: 'cohere' });
  assert.deepEqual(headers, ['openai-organization', 'configured']);
});
