import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NeutralRequest } from '../neutral/request.ts';
import { foreignExtensions, lostParts } from './foreign-extensions.ts';

function paths(extensions: NonNullable<NeutralRequest['extensions']>): string[] {
  const request: NeutralRequest = { model: 'm', stream: false, messages: [], tools: [], extensions };
  return foreignExtensions(request, 'anthropic').map(({ dialect, path }) => `${dialect}: ${path}`);
}

test('fields of other APIs are lost, the own ones are not', () => {
  assert.deepEqual(paths({ anthropic: { container: 'c' }, 'openai-chat': { logit_bias: {} } }), [
    'openai-chat: logit_bias',
  ]);
});

test('of a field made of fields those parts are lost that the neutral request does not hold', () => {
  assert.deepEqual(
    paths({
      'bedrock-converse': {
        outputConfig: { textFormat: { type: 'json_schema' }, effort: 'low', other: 1 },
        additionalModelRequestFields: {
          thinking: { type: 'enabled', budget_tokens: 1024, display: 'omitted' },
          reasoning_config: 'high',
          top_k: 5,
          anthropic_beta: ['x'],
        },
        guardrailConfig: { guardrailIdentifier: 'g' },
      },
      gemini: { generationConfig: { responseModalities: ['TEXT'], speechConfig: {} } },
      'openai-responses': { text: { verbosity: 'low' } },
    }),
    [
      'bedrock-converse: outputConfig.other',
      'bedrock-converse: additionalModelRequestFields.thinking.display',
      'bedrock-converse: additionalModelRequestFields.anthropic_beta',
      'bedrock-converse: guardrailConfig',
      'gemini: generationConfig.responseModalities',
      'gemini: generationConfig.speechConfig',
      'openai-responses: text.verbosity',
    ],
  );
});

test('names of fields that every object has mean nothing', () => {
  const odd = JSON.parse('{"__proto__": 1, "constructor": 2}') as Record<string, number>;
  assert.deepEqual(lostParts('constructor', 'toString', 1), ['toString']);
  assert.deepEqual(lostParts('gemini', 'generationConfig', odd), [
    'generationConfig.__proto__',
    'generationConfig.constructor',
  ]);
});
