import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { startGateway } from '../support/gateway.ts';
import { requestText, sendRaw } from '../support/raw-client.ts';
import { type ProviderCall, startRawProvider } from '../support/raw-provider.ts';
import { ODD_MEMBERS, oddObject } from './support/odd-json.ts';

let answer: (call: ProviderCall) => void = () => {};
const provider = await startRawProvider({ after }, (call) => answer(call));
const KINDS = ['openai', 'azure-openai', 'huggingface', 'ollama', 'vllm', 'openai-compatible', 'anthropic'];
const clusters = KINDS.map((kind) => {
  const path = kind === 'azure-openai' || kind === 'anthropic' ? '' : '/v1';
  const version = kind === 'azure-openai' ? ', api_version: 2025-01-01-preview' : '';
  return `  ${kind}: { provider: ${kind}, endpoint: "${provider.url}${path}", api_key: k${version} }`;
});
const gateway = await startGateway(
  { after },
  `static_cluster:
${clusters.join('\n')}
virtual_services:
  - name: default
    virtual_routes:
      - match: { model: renamed }
        split: [ { cluster: openai, model: 'other "model" é' } ]
${KINDS.map((kind) => `      - { match: { headers: { x-provider: ${kind} } }, split: [ { cluster: ${kind} } ] }`).join('\n')}
`,
);

interface Outcome {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** What the provider got. */
  call: ProviderCall;
}

async function exchange(
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = {},
): Promise<Outcome> {
  const before = provider.calls.length;
  const request = requestText(`POST ${path}`, { body, headers: { 'x-provider': 'openai', ...headers }, close: true });
  const { answer: got } = await sendRaw(gateway.port, request);
  assert.ok(got?.complete, 'there is no whole answer');
  const call = provider.calls[before];
  assert.ok(call, `it did not reach the provider: ${got.body.toString('utf8')}`);
  return { status: got.status, headers: got.headers, body: got.body, call };
}

function replyWith(body: string | Uint8Array, type = 'application/json', status = 200): void {
  answer = (call) => call.reply(status, { 'content-type': type, 'x-provider-header': 'kept' }, body);
}

const CHAT = oddObject('"messages":[ {"content":"Hi","role":"user"} ]', '"model" : "m"', ...ODD_MEMBERS);
const OK = '{"ok":1}';

const ENDPOINTS: readonly [path: string, kinds: readonly string[]][] = [
  ['/v1/chat/completions', KINDS.filter((kind) => kind !== 'anthropic')],
  ['/v1/completions', KINDS.filter((kind) => kind !== 'anthropic')],
  ['/v1/embeddings', KINDS.filter((kind) => kind !== 'anthropic')],
  ['/v1/responses', ['openai', 'azure-openai', 'vllm', 'openai-compatible']],
  ['/v1/images/generations', ['openai', 'azure-openai', 'vllm', 'openai-compatible']],
  ['/v1/moderations', ['openai', 'vllm', 'openai-compatible']],
  ['/v1/messages', ['anthropic']],
  ['/v1/messages/count_tokens', ['anthropic']],
  ['/tokenize', ['vllm']],
];

test('a whole answer and its request keep every byte', async () => {
  const odd = oddObject('"model":"m"', ...ODD_MEMBERS, '"usage":{"prompt_tokens":1,"completion_tokens":1}');
  for (const [path, kinds] of ENDPOINTS) {
    for (const kind of kinds) {
      replyWith(odd, 'application/json; charset=utf-8; odd=1');
      const got = await exchange(path, CHAT, { 'x-provider': kind });
      const place = `${path} of ${kind}`;
      assert.equal(got.call.body.toString('utf8'), CHAT, place);
      assert.equal(got.body.toString('utf8'), odd, place);
      assert.equal(got.headers['content-type'], 'application/json; charset=utf-8; odd=1', place);
      assert.equal(got.headers['x-provider-header'], 'kept', place);
    }
  }
});

test('an answer larger than what is held keeps every byte', async () => {
  const padding = `"long":"${'é\\n世🌍 '.repeat(300_000)}"`;
  const odd = oddObject(...ODD_MEMBERS, padding, '"usage":{"prompt_tokens":5,"completion_tokens":1}');
  answer = (call) => {
    call.head(200, { 'content-type': 'application/json' });
    const bytes = Buffer.from(odd);
    // Pieces of odd sizes end within characters.
    for (let at = 0; at < bytes.length; at += 65_537) call.chunk(bytes.subarray(at, at + 65_537));
    call.end();
  };
  const got = await exchange('/v1/chat/completions', CHAT);
  assert.ok(got.body.equals(Buffer.from(odd)));
});

test('a compressed answer arrives as the bytes that were compressed', async () => {
  const odd = oddObject(...ODD_MEMBERS);
  answer = (call) => call.reply(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }, gzipSync(odd));
  const got = await exchange('/v1/chat/completions', CHAT);
  assert.equal(got.headers['content-encoding'], undefined);
  assert.equal(got.body.toString('utf8'), odd);
});

test('a provider’s error in the client’s own API keeps every byte and its status', async () => {
  const odd = oddObject(
    '"error":{"message":"No.\\u00e9","type":"odd_type","code":null,"inner":{"x":1.0}}',
    ...ODD_MEMBERS,
  );
  for (const status of [400, 402, 404, 409, 418, 422]) {
    replyWith(odd, 'application/json', status);
    const got = await exchange('/v1/chat/completions', CHAT);
    assert.equal(got.status, status);
    assert.equal(got.body.toString('utf8'), odd);
  }
});

test('sounds, texts and files keep every byte', async () => {
  const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256));
  for (const type of ['audio/mpeg', 'text/plain; charset=latin1', 'application/octet-stream']) {
    replyWith(bytes, type);
    const got = await exchange('/v1/audio/speech', '{"model":"m","input":"x"}');
    assert.ok(got.body.equals(bytes), type);
    assert.equal(got.headers['content-type'], type);
  }
});

/** A stream as no server writes it, though each of its pieces is allowed. */
const ODD_STREAM = Buffer.from(
  [
    '\ufeff: a comment before anything\n\n',
    `event: odd\r\nid: 7\r\nretry: 10\r\ndata:${ODD_MEMBERS.length}\r\ndata\r\n\r\n`,
    'data:{"choices":[{"delta":{"content":"caf\\u00e9 世界 🌍"} } ],\ndata:  "big":123456789012345678901234567890}\n\n',
    ': ping\r\r',
    'data: {"choices":[],"usage" : {"prompt_tokens":1,"completion_tokens":2 }, "x":1.0}\n\n\n\n',
    'unknown-field: kept\n\n',
    'data: [DONE]\n\n: after the end\n\n',
  ].join(''),
);

test('a stream keeps every byte, cut wherever the provider cuts it', async () => {
  const body = oddObject('"model":"m"', '"stream":true', '"stream_options":{"include_usage":true}', ...ODD_MEMBERS);
  for (const size of [1, 7, 64, ODD_STREAM.length]) {
    answer = (call) => {
      call.head(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
      for (let at = 0; at < ODD_STREAM.length; at += size) call.chunk(ODD_STREAM.subarray(at, at + size));
      call.end();
    };
    const got = await exchange('/v1/chat/completions', body);
    assert.equal(got.call.body.toString('utf8'), body);
    assert.equal(got.body.toString('utf8'), ODD_STREAM.toString('utf8'), `in pieces of ${size}`);
    assert.equal(got.headers['content-type'], 'text/event-stream; charset=utf-8');
    assert.equal(got.headers['cache-control'], 'no-store');
  }
});

test('of a request to another model only the model’s value changes', async () => {
  replyWith(OK);
  const nested = '"messages":[ {"model":"renamed","content":"\\"model\\": \\"renamed\\""} ]';
  for (const order of [['"model" :\t"renamed"', nested], [nested, '"model" :\t"renamed"'], ['"model" :\t"renamed"']]) {
    const body = oddObject(...ODD_MEMBERS.slice(0, 3), ...order, ...ODD_MEMBERS.slice(3));
    const got = await exchange('/v1/chat/completions', body, { 'x-provider': 'none' });
    assert.equal(
      got.call.body.toString('utf8'),
      body.replace('"model" :\t"renamed"', '"model" :\t"other \\"model\\" é"'),
    );
    assert.equal(got.call.headers['content-length'], String(got.call.body.length));
  }
});

test('a model name in escapes is read as what it means', async () => {
  replyWith(OK);
  const body = oddObject('"m\\u006fdel":"ren\\u0061med"', ...ODD_MEMBERS);
  const got = await exchange('/v1/chat/completions', body, { 'x-provider': 'none' });
  assert.equal(got.call.body.toString('utf8'), body.replace('"ren\\u0061med"', '"other \\"model\\" é"'));
});

test('of a streamed chat only stream_options changes, and only where usage is not asked for', async () => {
  const members = ['"model":"m"', '"stream" : true', ...ODD_MEMBERS];
  const cases: [options: string | undefined, expected: string][] = [
    [undefined, '{"include_usage":true}'],
    ['null', '{"include_usage":true}'],
    ['{ }', '{"include_usage":true}'],
    ['{"include_usage" : false, "other":[1]}', '{"include_usage":true,"other":[1]}'],
    ['{ "include_usage" :true , "other":1.0}', '{ "include_usage" :true , "other":1.0}'],
  ];
  for (const path of ['/v1/chat/completions', '/v1/completions']) {
    for (const [options, expected] of cases) {
      answer = (call) => {
        call.head(200, { 'content-type': 'text/event-stream' });
        call.chunk('data: [DONE]\n\n');
        call.end();
      };
      const body = oddObject(...members, ...(options === undefined ? [] : [`"stream_options" : ${options}`]), '"z":0');
      const got = (await exchange(path, body)).call.body.toString('utf8');
      if (options !== undefined) assert.equal(got, body.replace(`: ${options}\n`, `: ${expected}\n`));
      else {
        const added = `,"stream_options":${expected}`;
        assert.equal(got.split(added).length, 2, got);
        assert.equal(got.replace(added, ''), body);
      }
    }
  }
  const other = oddObject('"model":"m"', '"stream":true', '"input":"x"');
  answer = (call) =>
    call.reply(200, { 'content-type': 'text/event-stream' }, 'data: {"type":"response.completed"}\n\n');
  assert.equal(
    (await exchange('/v1/responses', other)).call.body.toString('utf8'),
    other,
    'responses have no such field',
  );
});

test('a form keeps every byte but those of its model', async () => {
  replyWith('{"text":"x"}');
  const boundary = '----odd.boundary_7';
  const bytes = Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 11) % 256));
  const part = (headers: string, value: string | Uint8Array) =>
    Buffer.concat([Buffer.from(`--${boundary}\r\n${headers}\r\n\r\n`), Buffer.from(value), Buffer.from('\r\n')]);
  const form = (model: string) =>
    Buffer.concat([
      Buffer.from('an odd preamble\r\n'),
      part('Content-Disposition: form-data; name="file"; filename="a \\"b\\" é.wav"\r\nContent-Type: audio/wav', bytes),
      part('content-disposition:form-data;name=model\r\nX-Odd: 1', model),
      part('Content-Disposition: form-data; name="prompt"', 'model\r\n\r\nrenamed'),
      Buffer.from(`--${boundary}--\r\nan odd epilogue`),
    ]);
  const headers = { 'content-type': `multipart/form-data; boundary="${boundary}"`, 'x-provider': 'openai' };
  for (const path of ['/v1/audio/transcriptions', '/v1/audio/translations', '/v1/images/edits']) {
    const kept = await exchange(path, form('m'), headers);
    assert.ok(kept.call.body.equals(form('m')), path);
    assert.equal(kept.call.headers['content-type'], headers['content-type']);
    const renamed = await exchange(path, form('renamed'), { ...headers, 'x-provider': 'none' });
    assert.ok(renamed.call.body.equals(form('other "model" é')), path);
  }
});
