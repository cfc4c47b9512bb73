import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeRequest } from './encode-request.ts';

const CONTEXT = { model: 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0', stream: true };

const SCHEMA = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };

/** A request that uses all of Converse. */
const FULL: JsonObject = {
  system: [
    { text: 'Be brief.' },
    { cachePoint: { type: 'default', ttl: '1h' } },
    { guardContent: { text: { text: 'guarded', qualifiers: ['query'] } } },
  ],
  messages: [
    {
      role: 'user',
      content: [
        { text: 'What is in these?' },
        { image: { format: 'jpeg', source: { bytes: '/9j/' } } },
        { image: { format: 'png', source: { s3Location: { uri: 's3://b/a.png', bucketOwner: '123456789012' } } } },
        {
          document: {
            format: 'pdf',
            name: 'report',
            source: { bytes: 'JVBERi0=' },
            context: 'quarterly',
            citations: { enabled: true },
          },
        },
        { document: { format: 'txt', name: 'notes', source: { text: 'plain' } } },
        { video: { format: 'three_gp', source: { bytes: 'AAAA' } } },
        { audio: { format: 'mka', source: { bytes: 'AAAA' } } },
        { searchResult: { source: 'https://example.com', title: 'T', content: [{ text: 'found' }] } },
        { cachePoint: { type: 'default' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { reasoningContent: { reasoningText: { text: 'Let me see', signature: 'sig==' } } },
        { reasoningContent: { redactedContent: 'cmVk' } },
        { text: 'I call.' },
        { toolUse: { toolUseId: 't1', name: 'get', input: { city: 'Köln', n: [1, 2.5, null] } } },
        { toolUse: { toolUseId: 't2', name: 'nova_grounding', input: {}, type: 'server_tool_use' } },
        { citationsContent: { content: [{ text: 'cited' }], citations: [{ title: 'T' }] } },
      ],
    },
    {
      role: 'user',
      content: [
        {
          toolResult: {
            toolUseId: 't1',
            content: [{ json: { ok: true } }, { text: 'x' }, { image: { format: 'png', source: { bytes: 'AAAA' } } }],
            status: 'success',
          },
        },
        { text: 'and now?' },
      ],
    },
    { role: 'system', content: [{ text: 'Answer in verse.' }] },
    { role: 'user', content: [{ futureBlock: { a: 1 } }] },
  ],
  inferenceConfig: { maxTokens: 100, temperature: 1, stopSequences: ['END'] },
  toolConfig: {
    tools: [
      { toolSpec: { name: 'get', description: 'Gets.', inputSchema: { json: SCHEMA } } },
      { cachePoint: { type: 'default' } },
      { systemTool: { name: 'nova_grounding' } },
    ],
    toolChoice: { tool: { name: 'get' } },
  },
  guardrailConfig: { guardrailIdentifier: 'g', guardrailVersion: 'DRAFT', streamProcessingMode: 'async' },
  additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: 50, display: 'omitted' }, odd: [1] },
  additionalModelResponseFieldPaths: ['/stop_sequence'],
  requestMetadata: { team: 'a' },
  performanceConfig: { latency: 'optimized' },
  serviceTier: { type: 'priority' },
  promptVariables: { x: { text: 'y' } },
  outputConfig: {
    textFormat: {
      type: 'json_schema',
      structure: { jsonSchema: { schema: `${JSON.stringify(SCHEMA)} `, name: 'n' } },
    },
    effort: 'low',
  },
};

test('a request from Converse to Converse loses nothing', () => {
  const warnings: string[] = [];
  const body = encodeRequest(decodeRequest(FULL, CONTEXT), {
    warn: (warning) => warnings.push(warning),
    defaultMaxOutputTokens: 1,
    maxTokensField: 'max_tokens',
  });
  assert.deepEqual(body, FULL);
  assert.deepEqual(warnings, []);
});

test('what other providers need of it is in the neutral request', () => {
  const request = decodeRequest(FULL, CONTEXT);
  assert.equal(request.model, CONTEXT.model);
  assert.equal(request.stream, true);
  assert.deepEqual(
    request.messages.map((message) => message.role),
    ['system', 'user', 'assistant', 'tool', 'user', 'system', 'user'],
  );
  assert.deepEqual(request.messages[0]?.content[0], { type: 'text', text: 'Be brief.', cache: { ttl: '1h' } });
  const [result] = request.messages[3]?.content ?? [];
  assert.equal(result?.type === 'tool-result' && result.name, 'get');
  const texts = request.messages.flatMap((message) =>
    message.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
  );
  for (const seen of ['guarded', 'found', 'cited']) assert.ok(texts.includes(seen), seen);
  assert.deepEqual(request.reasoning, { enabled: true, budgetTokens: 50, effort: 'low' });
  assert.deepEqual(request.responseFormat, { type: 'json-schema', name: 'n', schema: SCHEMA });
  assert.deepEqual(request.stop, ['END']);
  assert.equal(request.serviceTier, 'priority');
  assert.deepEqual(request.metadata, { team: 'a' });
  const document = request.messages[1]?.content.find((part) => part.type === 'document');
  assert.deepEqual(document?.type === 'document' && document.source, {
    kind: 'base64',
    mediaType: 'application/pdf',
    data: 'JVBERi0=',
  });
});

test('a tool Bedrock ran itself is never offered to the client as a call', () => {
  const request = decodeRequest(FULL, CONTEXT);
  const calls = request.messages.flatMap((message) => message.content.filter((part) => part.type === 'tool-call'));
  assert.deepEqual(
    calls.map((part) => part.type === 'tool-call' && part.id),
    ['t1'],
  );
});

test('thinking is read in every maker’s spelling', () => {
  const reasoning = (additionalModelRequestFields: JsonObject): unknown =>
    decodeRequest({ additionalModelRequestFields }, CONTEXT).reasoning;
  assert.deepEqual(reasoning({ thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }), {
    adaptive: true,
    effort: 'max',
  });
  assert.deepEqual(reasoning({ thinking: { type: 'disabled' } }), { enabled: false });
  assert.deepEqual(reasoning({ reasoningConfig: { type: 'enabled', maxReasoningEffort: 'low' } }), {
    enabled: true,
    effort: 'low',
  });
  assert.deepEqual(reasoning({ reasoning_effort: 'high' }), { effort: 'high' });
  assert.deepEqual(reasoning({ reasoning: { effort: 'none' } }), { effort: 'none' });
  assert.equal(reasoning({ top_k: 1 }), undefined);
  assert.equal(decodeRequest({ additionalModelRequestFields: { top_k: 7 } }, CONTEXT).topK, 7);
});

test('wrong fields are refused by name', () => {
  const cases: [body: JsonObject, param: string][] = [
    [{ messages: 'hi' }, 'messages'],
    [{ messages: [1] }, 'messages[0]'],
    [{ messages: [{ role: 'tool', content: [] }] }, 'messages[0].role'],
    [{ messages: [{ role: 'user', content: 'hi' }] }, 'messages[0].content'],
    [{ messages: [{ role: 'user', content: ['hi'] }] }, 'messages[0].content[0]'],
    [
      { messages: [{ role: 'assistant', content: [{ toolUse: { name: 'x' } }] }] },
      'messages[0].content[0].toolUse.toolUseId',
    ],
    [{ system: 'hi' }, 'system'],
    [{ inferenceConfig: { maxTokens: '5' } }, 'inferenceConfig.maxTokens'],
    [{ inferenceConfig: { stopSequences: 'x' } }, 'inferenceConfig.stopSequences'],
    [{ toolConfig: { tools: [{ toolSpec: {} }] } }, 'toolConfig.tools[0].toolSpec.name'],
    [{ toolConfig: { tools: [], toolChoice: { none: {} } } }, 'toolConfig.toolChoice'],
    [{ additionalModelRequestFields: [] }, 'additionalModelRequestFields'],
    [{ requestMetadata: { a: 1 } }, 'requestMetadata.a'],
    [
      { outputConfig: { textFormat: { structure: { jsonSchema: { schema: '{' } } } } },
      'outputConfig.textFormat.structure.jsonSchema.schema',
    ],
  ];
  for (const [body, param] of cases) {
    assert.throws(
      () => decodeRequest(body, CONTEXT),
      (error) => GatewayError.is(error) && error.code === 'invalid_request' && error.param === param,
      param,
    );
  }
  assert.throws(() => decodeRequest({ messages: [] }, {}), GatewayError);
});

test('fields of messages and toolConfig that have no neutral place are named', () => {
  const warnings: string[] = [];
  const body = {
    messages: [{ role: 'user', content: [{ text: 'Hi' }], id: 'x' }],
    toolConfig: { tools: [], novel: 1 },
  };
  decodeRequest(body, { ...CONTEXT, warn: (warning) => warnings.push(warning) });
  assert.match(warnings.join(' '), /toolConfig\.novel.*messages\[\]\.id/);
});
