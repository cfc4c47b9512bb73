import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import { emptyUsage } from '../neutral/usage.ts';
import { answerContext } from '../openai/support.test.ts';
import { decodeResponse } from './decode-response.ts';
import { encodeResponse } from './encode-response.ts';

function context(): ProviderResponseContext {
  let count = 0;
  return {
    header: () => undefined,
    requestModel: 'gemini-2.5-flash',
    newId: (prefix) => {
      count += 1;
      return `${prefix}${count}`;
    },
  };
}

const clientContext = answerContext({ requestModel: 'm', created: 5, newId: (prefix: string) => `${prefix}x` });

test('text, thoughts, calls and everything else of an answer', () => {
  const grounding = { webSearchQueries: ['q'], groundingChunks: [{ web: { uri: 'https://example.com' } }] };
  const response = decodeResponse(
    {
      candidates: [
        {
          content: {
            role: 'model',
            parts: [
              { text: 'thinking', thought: true, thoughtSignature: 'VA==' },
              { text: 'one ' },
              { text: 'two', thoughtSignature: 'VFQ=' },
              { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 'Q0M=' },
              { functionCall: { id: 'given', name: 'g' } },
              { inlineData: { mimeType: 'image/png', data: 'AA' } },
              { executableCode: { language: 'PYTHON', code: 'print(1)' } },
            ],
          },
          finishReason: 'STOP',
          index: 0,
          groundingMetadata: grounding,
          safetyRatings: [{ category: 'C', probability: 'LOW' }],
        },
        { content: { parts: [{ text: 'b' }] }, finishReason: 'MAX_TOKENS', index: 1 },
      ],
      usageMetadata: {
        promptTokenCount: 100,
        cachedContentTokenCount: 40,
        candidatesTokenCount: 10,
        thoughtsTokenCount: 5,
        toolUsePromptTokenCount: 7,
        totalTokenCount: 122,
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 70 },
          { modality: 'AUDIO', tokenCount: 30 },
        ],
        cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 10 }],
        candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 4 }],
      },
      modelVersion: 'gemini-2.5-flash-001',
      responseId: 'r1',
      createTime: '2025-01-01T00:00:01.5Z',
    },
    context(),
  );
  assert.deepEqual(response, {
    id: 'r1',
    model: 'gemini-2.5-flash-001',
    created: 1_735_689_601,
    candidates: [
      {
        index: 0,
        content: [
          {
            type: 'reasoning',
            text: 'thinking',
            signature: 'VA==',
            origin: { dialect: 'gemini', value: { text: 'thinking', thought: true, thoughtSignature: 'VA==' } },
          },
          { type: 'text', text: 'one ' },
          {
            type: 'text',
            text: 'two',
            origin: { dialect: 'gemini', value: { text: 'two', thoughtSignature: 'VFQ=' } },
            citations: [{ url: 'https://example.com' }],
          },
          { type: 'tool-call', id: 'call_1', name: 'f', arguments: '{"a":1}', signature: 'Q0M=' },
          {
            type: 'tool-call',
            id: 'given',
            name: 'g',
            arguments: '{}',
            origin: { dialect: 'gemini', value: { functionCall: { id: 'given', name: 'g' } } },
          },
          { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } },
          { type: 'opaque', dialect: 'gemini', value: { executableCode: { language: 'PYTHON', code: 'print(1)' } } },
        ],
        finishReason: 'tool-calls',
      },
      { index: 1, content: [{ type: 'text', text: 'b' }], finishReason: 'length' },
    ],
    usage: {
      ...emptyUsage(),
      input: 67,
      cacheRead: 40,
      output: 15,
      reasoning: 5,
      inputAudio: 20,
      outputImage: 4,
    },
    extensions: {
      gemini: {
        candidates: [{ groundingMetadata: grounding, safetyRatings: [{ category: 'C', probability: 'LOW' }] }, {}],
      },
    },
  });
});

test('finish reasons', () => {
  const finish = (word: string, part: JsonObject = { text: 'x' }): unknown => {
    const [candidate] = decodeResponse(
      { candidates: [{ content: { parts: [part] }, finishReason: word }] },
      context(),
    ).candidates;
    return [candidate?.finishReason, candidate?.rawFinishReason];
  };
  assert.deepEqual(finish('STOP'), ['stop', undefined]);
  assert.deepEqual(finish('STOP', { functionCall: { name: 'f' } }), ['tool-calls', undefined]);
  assert.deepEqual(finish('MAX_TOKENS', { functionCall: { name: 'f' } }), ['length', undefined]);
  for (const word of ['SAFETY', 'RECITATION', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'SPII', 'LANGUAGE', 'IMAGE_SAFETY']) {
    assert.deepEqual(finish(word), ['content-filter', word]);
  }
  for (const word of [
    'MALFORMED_FUNCTION_CALL',
    'UNEXPECTED_TOOL_CALL',
    'NO_IMAGE',
    'OTHER',
    'SOMETHING_NEW',
    'constructor',
  ]) {
    assert.deepEqual(finish(word), ['other', word]);
  }
});

test('a blocked prompt is an empty candidate that the content filter ended', () => {
  const response = decodeResponse(
    { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 4 } },
    context(),
  );
  assert.deepEqual(response.candidates, [
    { index: 0, content: [], finishReason: 'content-filter', rawFinishReason: 'PROHIBITED_CONTENT' },
  ]);
  assert.deepEqual(response.extensions, { gemini: { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } } });
});

test('a candidate without content, as a filter leaves it', () => {
  const response = decodeResponse({ candidates: [{ finishReason: 'SAFETY' }] }, context());
  assert.deepEqual(response.candidates, [
    { index: 0, content: [], finishReason: 'content-filter', rawFinishReason: 'SAFETY' },
  ]);
});

test('log probabilities in OpenAI’s shape', () => {
  const response = decodeResponse(
    {
      candidates: [
        {
          content: { parts: [{ text: 'a' }] },
          finishReason: 'STOP',
          logprobsResult: {
            chosenCandidates: [{ token: 'a', logProbability: -0.5 }],
            topCandidates: [
              {
                candidates: [
                  { token: 'a', logProbability: -0.5 },
                  { token: 'b', logProbability: -2 },
                ],
              },
            ],
          },
        },
      ],
    },
    context(),
  );
  assert.deepEqual(response.candidates[0]?.logprobs, {
    content: [
      {
        token: 'a',
        logprob: -0.5,
        bytes: null,
        top_logprobs: [
          { token: 'a', logprob: -0.5, bytes: null },
          { token: 'b', logprob: -2, bytes: null },
        ],
      },
    ],
    refusal: null,
  });
});

test('something else than an answer is a bad response', () => {
  assert.throws(() => decodeResponse({ choices: [] }, context()), { code: 'provider_bad_response' });
});

test('an answer decoded and encoded again is the same', () => {
  const answer = {
    candidates: [
      {
        content: {
          role: 'model',
          parts: [
            { text: 'thought', thought: true, thoughtSignature: 'VA==' },
            { text: 'two', thoughtSignature: 'VFQ=' },
            { functionCall: { id: 'c', name: 'g', args: {} }, thoughtSignature: 'Q0M=' },
            { inlineData: { mimeType: 'image/png', data: 'AA' } },
            { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
          ],
        },
        finishReason: 'MALFORMED_FUNCTION_CALL',
        finishMessage: 'why',
        index: 0,
        citationMetadata: { citationSources: [] },
        avgLogprobs: -0.1,
      },
    ],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4, totalTokenCount: 7 },
    modelVersion: 'v',
    responseId: 'r',
    promptFeedback: { safetyRatings: [] },
  };
  assert.deepEqual(encodeResponse(decodeResponse(answer, context()), clientContext), answer);
});

test('an answer of another provider for a Gemini client', () => {
  const body = encodeResponse(
    {
      id: '',
      model: '',
      created: 0,
      candidates: [
        {
          index: 0,
          content: [
            { type: 'reasoning', text: 'hm', signature: 'S' },
            { type: 'reasoning', text: '', encrypted: 'E' },
            { type: 'refusal', text: 'no' },
            { type: 'tool-call', id: 'c1', name: 'f', arguments: '{"a":1}' },
            { type: 'opaque', dialect: 'anthropic', value: {} },
          ],
          finishReason: 'tool-calls',
        },
        {
          index: 1,
          content: [{ type: 'tool-call', id: 'c2', name: 'f', arguments: '{"a":' }],
          finishReason: 'length',
        },
        {
          index: 2,
          content: [{ type: 'tool-call', id: 'c3', name: 'f', arguments: '[]' }],
          finishReason: 'tool-calls',
        },
        { index: 3, content: [], finishReason: 'content-filter', rawFinishReason: 'refusal' },
      ],
      usage: { ...emptyUsage(), input: 5, cacheRead: 3, cacheWrite: 2, output: 9, reasoning: 4, inputAudio: 1 },
    },
    clientContext,
  );
  assert.deepEqual(body, {
    candidates: [
      {
        content: {
          role: 'model',
          parts: [
            { text: 'hm', thought: true, thoughtSignature: 'S' },
            { text: '', thought: true, thoughtSignature: 'E', partMetadata: { reasoning: 'encrypted' } },
            { text: 'no' },
            { functionCall: { id: 'c1', name: 'f', args: { a: 1 } } },
          ],
        },
        finishReason: 'STOP',
        index: 0,
      },
      {
        content: { role: 'model', parts: [] },
        finishReason: 'MAX_TOKENS',
        finishMessage: 'Malformed function call: f({"a":)',
        index: 1,
      },
      {
        content: { role: 'model', parts: [] },
        finishReason: 'MALFORMED_FUNCTION_CALL',
        finishMessage: 'Malformed function call: f([])',
        index: 2,
      },
      { content: { role: 'model', parts: [] }, finishReason: 'SAFETY', index: 3 },
    ],
    modelVersion: 'm',
    responseId: 'resp_x',
    createTime: '1970-01-01T00:00:00.000Z',
    usageMetadata: {
      promptTokenCount: 10,
      candidatesTokenCount: 5,
      totalTokenCount: 19,
      cachedContentTokenCount: 3,
      thoughtsTokenCount: 4,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 9 },
        { modality: 'AUDIO', tokenCount: 1 },
      ],
    },
  });
});
