import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { startGateway } from './support/gateway.ts';
import { PROVIDER_APIS } from './support/providers.ts';
import { startRawProvider } from './support/raw-provider.ts';

const RUNS = 100;

const CHAT = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":[1,2]}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'a cat' },
    { role: 'user', content: 'Thank you.', name: 'ada' },
  ],
  tools: [
    {
      type: 'function',
      function: {
        name: 'look',
        description: 'Looks.',
        parameters: {
          type: 'object',
          properties: { at: { type: 'array', items: { $ref: '#/$defs/n' } } },
          $defs: { n: { type: 'integer' } },
        },
        strict: true,
      },
    },
  ],
  tool_choice: { type: 'function', function: { name: 'look' } },
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 'cat', schema: { type: 'object' }, strict: true } },
  temperature: 0.5,
  top_p: 0.9,
  n: 1,
  stop: ['END'],
  max_completion_tokens: 100,
  logit_bias: { '50256': -100 },
  reasoning_effort: 'low',
  metadata: { team: 'search' },
  user: 'ada',
  stream: false,
  stream_options: { include_usage: true },
};

const MESSAGES = {
  max_tokens: 2000,
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'words' }, title: 'Words' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
        { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: [1] } },
      ],
    },
    {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'a cat' }] }],
    },
  ],
  tools: [{ name: 'look', description: 'Looks.', input_schema: { type: 'object', properties: {} } }],
  tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  thinking: { type: 'enabled', budget_tokens: 1024 },
  stop_sequences: ['END'],
  temperature: 1,
  top_k: 5,
  metadata: { user_id: 'ada' },
};

const GEMINI = {
  systemInstruction: { parts: [{ text: 'Be brief.' }] },
  contents: [
    {
      role: 'user',
      parts: [{ text: 'What is this?' }, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }],
    },
    {
      role: 'model',
      parts: [{ functionCall: { id: 'c1', name: 'look', args: { at: [1] } }, thoughtSignature: 'c2ln' }],
    },
    { role: 'user', parts: [{ functionResponse: { id: 'c1', name: 'look', response: { result: 'a cat' } } }] },
  ],
  tools: [
    { functionDeclarations: [{ name: 'look', description: 'Looks.', parameters: { type: 'OBJECT', properties: {} } }] },
  ],
  toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] } },
  generationConfig: { temperature: 0.5, maxOutputTokens: 100, stopSequences: ['END'], candidateCount: 1 },
};

const CONVERSE = {
  system: [{ text: 'Be brief.' }],
  messages: [
    {
      role: 'user',
      content: [{ text: 'What is this?' }, { image: { format: 'png', source: { bytes: 'iVBORw0KGgo=' } } }],
    },
    { role: 'assistant', content: [{ toolUse: { toolUseId: 't1', name: 'look', input: { at: [1] } } }] },
    {
      role: 'user',
      content: [{ toolResult: { toolUseId: 't1', content: [{ text: 'a cat' }], status: 'success' } }],
    },
  ],
  toolConfig: {
    tools: [{ toolSpec: { name: 'look', description: 'Looks.', inputSchema: { json: { type: 'object' } } } }],
    toolChoice: { auto: {} },
  },
  inferenceConfig: { maxTokens: 100, temperature: 0.5, topP: 0.9, stopSequences: ['END'] },
};

const COHERE = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'What is this?' }] },
    {
      role: 'assistant',
      tool_plan: 'I look.',
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":[1]}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
  ],
  tools: [{ type: 'function', function: { name: 'look', description: 'Looks.', parameters: { type: 'object' } } }],
  max_tokens: 100,
  stop_sequences: ['END'],
  temperature: 0.5,
  p: 0.9,
};

type Tree = unknown[] | Record<string, unknown>;

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  '',
  'x',
  '\0',
  '\ud800',
  'data:,',
  'http://[',
  [],
  [null],
  [[]],
  {},
  { type: 'x' },
  { type: null },
  { $ref: '#' },
  { toString: 1, __proto__: null },
  Array.from({ length: 300 }, () => ({})),
];

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}

/** Every place in a value that holds something. */
function places(value: unknown): { parent: Tree; key: string }[] {
  if (!isTree(value)) return [];
  return Object.keys(value).flatMap((key) => [
    { parent: value, key },
    ...places((value as Record<string, unknown>)[key]),
  ]);
}

/** One change: a place by number, and what happens there. */
interface Change {
  place: number;
  kind: 'replace' | 'drop' | 'repeat' | 'rename';
  value: unknown;
}

const change: fc.Arbitrary<Change> = fc.record({
  place: fc.nat(),
  kind: fc.constantFrom('replace' as const, 'replace' as const, 'drop' as const, 'repeat' as const, 'rename' as const),
  value: fc.oneof(fc.constantFrom(...ODD_VALUES), fc.jsonValue({ maxDepth: 2 })),
});

function changed(base: object, changes: readonly Change[]): Record<string, unknown> {
  const body = structuredClone(base) as Record<string, unknown>;
  for (const { place, kind, value } of changes) {
    const all = places(body);
    const at = all[place % Math.max(1, all.length)];
    if (at === undefined) continue;
    const parent = at.parent as Record<string, unknown>;
    const old = parent[at.key];
    if (kind === 'replace') parent[at.key] = structuredClone(value);
    else if (kind === 'repeat' && Array.isArray(at.parent)) at.parent.push(structuredClone(old));
    else if (Array.isArray(at.parent)) at.parent.splice(Number(at.key), 1);
    else delete parent[at.key];
    if (kind === 'rename' && !Array.isArray(at.parent)) parent[`${at.key}_`] = old;
  }
  return body;
}

const provider = await startRawProvider({ after }, (call) => {
  const api = PROVIDER_APIS[call.headers['x-provider'] ?? ''];
  call.reply(200, { 'content-type': 'application/json' }, api?.json ?? '{}');
});
const clusters = Object.keys(PROVIDER_APIS).map((name) => {
  const extra =
    name === 'aws-bedrock'
      ? 'region: us-east-1, credential: { type: aws, access_key_id: AKIA, secret_access_key: s }'
      : 'api_key: k';
  return `  ${name}: { provider: ${name}, endpoint: "${provider.url}", headers: { x-provider: ${name} }, ${extra} }`;
});
const gateway = await startGateway(
  { after },
  `static_cluster:\n${clusters.join('\n')}
virtual_services:
  - name: main
    virtual_routes: [${Object.keys(PROVIDER_APIS)
      .map((name) => `{ match: { headers: { x-to: ${name} } }, split: [{ cluster: ${name} }] }`)
      .join(', ')}]
`,
);

for (const [path, base] of [
  ['/v1/chat/completions', CHAT],
  ['/v1/messages', MESSAGES],
  ['/v1beta/models/m:generateContent', GEMINI],
  ['/model/m/converse', CONVERSE],
  ['/v2/chat', COHERE],
] as const) {
  for (const name of Object.keys(PROVIDER_APIS)) {
    const send = async (body: object) => {
      const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-to': name },
        body: JSON.stringify({ model: 'm', ...body }),
      });
      return { status: response.status, text: await response.text() };
    };

    test(`${path} for ${name}: no body, however odd, is more than the gateway can take`, async () => {
      const sound = await send(base);
      assert.equal(sound.status, 200, sound.text);
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
          const body = changed(base, changes);
          const { status, text } = await send(body);
          assert.ok(status < 500, `${status} ${text} for ${JSON.stringify(body)}`);
          assert.doesNotThrow(() => JSON.parse(text), text);
        }),
        { numRuns: RUNS },
      );
      assert.deepEqual(
        gateway.log.filter((line) => line.includes('failed inside the gateway')),
        [],
      );
    });
  }
}
