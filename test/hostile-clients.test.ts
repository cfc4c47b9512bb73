import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startGateway } from './support/gateway.ts';
import { OPENAI } from './support/providers.ts';
import { openRaw, requestText, sendRaw } from './support/raw-client.ts';
import { type ProviderCall, startRawProvider } from './support/raw-provider.ts';
import { waitFor, within } from './support/wait.ts';

const BOUNDARY = 'frontier';
const CHAT = 'POST /v1/chat/completions';

const waiting = new Map<string, ProviderCall>();
const provider = await startRawProvider({ after }, (call) => {
  const hold = call.headers['x-hold'];
  if (hold !== undefined) waiting.set(hold, call);
  else call.reply(200, { 'content-type': 'application/json' }, OPENAI.json);
});
const gateway = await startGateway(
  { after },
  `limits: { max_body: 1Mi }
static_cluster:
  openai: { provider: openai, endpoint: "${provider.url}", api_key: gateway-key }
  google: { provider: google, endpoint: "${provider.url}", api_key: gateway-key }
  bedrock: { provider: aws-bedrock, endpoint: "${provider.url}", region: eu-west-1, credential: { type: none } }
virtual_services:
  - name: main
    virtual_routes:
      - { match: { model: cheap }, split: [{ cluster: openai, model: approved }] }
      - { match: { model: same }, split: [{ cluster: openai }] }
      - { match: { paths: ["/v1beta/models/gemini:generateContent"] }, split: [{ cluster: google }] }
      - { match: { headers: { x-api: gemini } }, split: [{ cluster: google }] }
      - { match: { headers: { x-api: bedrock } }, split: [{ cluster: bedrock }] }
`,
);

const body = (fields: object = {}) => JSON.stringify({ model: 'same', messages: [], ...fields });

async function held(name: string): Promise<ProviderCall> {
  await waitFor(`the provider to have ${name}`, () => waiting.has(name));
  return waiting.get(name) as ProviderCall;
}

test('a refusal reaches a client that is still sending its body', async () => {
  const filler = 'x'.repeat(4 * 1024 * 1024);
  const large = `{"model":"same","x":"${filler}"}`;
  const chunked = (head: string) => [
    requestText(head, { headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } }),
    `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`,
  ];
  const kinds: [string, number, () => (string | Uint8Array)[]][] = [
    ['declared too large', 413, () => [requestText(CHAT, { body: large })]],
    ['chunked too large', 413, () => chunked(CHAT)],
    ['unknown path', 404, () => [requestText('POST /v1/nothing', { body: large })]],
    ['unknown path, chunked', 404, () => chunked('POST /v1/nothing')],
    ['wrong coding', 415, () => [requestText(CHAT, { body: large, headers: { 'content-encoding': 'br' } })]],
  ];
  const lost: string[] = [];
  for (let round = 0; round < 10; round++) {
    for (const [name, status, pieces] of kinds) {
      const { answer } = await sendRaw(gateway.port, pieces());
      if (answer?.complete !== true) lost.push(`${name}: no answer`);
      else assert.equal(answer.status, status, name);
    }
  }
  assert.deepEqual(lost, []);
});

test('a request that does not arrive in time is answered 408, in its head or in its body', async (t) => {
  const hasty = await startGateway(
    t,
    `limits: { request_received_timeout: 200ms }
static_cluster: { openai: { provider: openai, endpoint: "${provider.url}", api_key: k } }
virtual_services: [{ name: main, virtual_routes: [{ split: [{ cluster: openai }] }] }]
`,
  );
  const slow = [
    `${CHAT} HTTP/1.1\r\nhost: a\r\n`,
    requestText(CHAT, { headers: { 'content-type': 'application/json', 'content-length': '100' } }),
    requestText(CHAT, { headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } }),
  ];
  await Promise.all(
    slow.map(async (bytes) => {
      const connection = await openRaw(hasty.port);
      t.after(() => void connection.socket.destroy());
      connection.send(bytes);
      await within('the gateway to lose its patience', connection.closed, 5000);
      assert.equal(connection.answers[0]?.status, 408);
      assert.match(connection.text(), /request_timeout/);
    }),
  );
});

test('what is no HTTP behind a request does not get into the answer under way', async () => {
  const connection = await openRaw(gateway.port);
  connection.send(requestText(CHAT, { body: body({ stream: true }), headers: { 'x-hold': 'garbage' } }));
  const call = await held('garbage');
  call.head(200, { 'content-type': 'text/event-stream' });
  for (const frame of OPENAI.frames.slice(0, 2)) call.chunk(frame);
  await waitFor('the first event', () => connection.text() !== '');
  connection.send('\0\0 nonsense\r\n\r\n');
  await within('the connection to close', connection.closed);
  assert.equal(connection.answers.length, 1);
  assert.equal(connection.garbage, '', 'a second answer was written into the first');
  await within('the provider request to end', call.closed);
});

test('piped requests are answered in order, each with its own answer', async () => {
  const connection = await openRaw(gateway.port);
  connection.send(
    Buffer.concat([
      requestText(CHAT, { body: body(), headers: { 'x-hold': 'first' } }),
      requestText('GET /v1/models'),
      requestText(CHAT, { body: '{}' }),
      requestText(CHAT, { body: body(), headers: { 'x-hold': 'last' } }),
    ]),
  );
  const last = await held('last');
  last.reply(200, { 'content-type': 'application/json' }, OPENAI.json.replace('well', 'last'));
  const first = await held('first');
  first.reply(200, { 'content-type': 'application/json' }, OPENAI.json.replace('well', 'first'));
  await connection.whole(4);
  const texts = connection.answers.map((answer) => `${answer.status} ${answer.body.toString()}`);
  assert.equal(texts.length, 4);
  assert.match(texts[0] ?? '', /^200 .*All is first/);
  assert.match(texts[1] ?? '', /^200 .*"object":"list"/);
  assert.match(texts[2] ?? '', /^400 .*model/);
  assert.match(texts[3] ?? '', /^200 .*All is last/);
  connection.socket.destroy();
});

test('HTTP/1.0 gets its answer without chunks', async () => {
  const text = requestText(CHAT, { body: body() }).toString().replace('HTTP/1.1', 'HTTP/1.0');
  const { answer } = await sendRaw(gateway.port, text);
  assert.equal(answer?.status, 200);
  assert.equal(answer.headers['transfer-encoding'], undefined);
  assert.equal(answer.body.toString(), OPENAI.json);

  const connection = await openRaw(gateway.port);
  const stream = requestText(CHAT, { body: body({ stream: true }), headers: { 'x-hold': 'old' } });
  connection.send(stream.toString().replace('HTTP/1.1', 'HTTP/1.0'));
  const call = await held('old');
  call.head(200, { 'content-type': 'text/event-stream' });
  for (const frame of OPENAI.frames) call.chunk(frame);
  call.end();
  await within('the connection to close', connection.closed);
  assert.equal(connection.answers[0]?.headers['transfer-encoding'], undefined);
  assert.equal(connection.text(), Buffer.concat(OPENAI.frames).toString());
});

test('HEAD gets a head alone, and OPTIONS of anything a 4xx', async () => {
  const head = await sendRaw(gateway.port, requestText('HEAD /v1/models', { close: true }), { headOnly: true });
  assert.equal(head.answer?.status, 200);
  assert.equal(head.garbage, '');
  const options = await sendRaw(gateway.port, 'OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  assert.equal(options.answer?.status, 404);
});

test('an expectation the gateway does not know is refused in the client’s dialect', async () => {
  const { answer } = await sendRaw(gateway.port, requestText(CHAT, { body: body(), headers: { expect: 'a-miracle' } }));
  assert.equal(answer?.status, 417);
  assert.doesNotThrow(() => JSON.parse(answer?.body.toString() ?? ''), 'the refusal has no error body');
});

test('credentials, hop-by-hop and internal headers do not reach the provider, whatever their case', async () => {
  const seen = provider.calls.length;
  const { answer } = await sendRaw(
    gateway.port,
    requestText(CHAT, {
      body: body(),
      headers: {
        Authorization: 'Bearer client',
        'X-API-Key': 'client',
        'Api-Key': 'client',
        'X-Goog-Api-Key': 'client',
        Cookie: 'session=client',
        Connection: 'close, X-Secret, Content-Type',
        'X-Secret': 'client',
        'Keep-Alive': 'timeout=5',
        TE: 'trailers',
        'Proxy-Authorization': 'Basic client',
        Forwarded: 'for=client',
        'X-Forwarded-For': 'client',
        'X-Real-IP': 'client',
        'X-AIGW-Anything': 'client',
        'x-ai-eg-model': 'client',
        'X-Envoy-Original-Path': 'client',
        'X-Amz-Security-Token': 'client',
        'Accept-Encoding': 'gzip',
        'X-Kept': 'kept',
      },
    }),
  );
  assert.equal(answer?.status, 200);
  const call = provider.calls[seen];
  assert.equal(call?.headers['authorization'], 'Bearer gateway-key');
  assert.equal(call?.headers['x-kept'], 'kept');
  assert.doesNotMatch(call?.rawHeaders ?? '', /client|timeout=5|trailers|gzip/);
});

test('a key in the query is the client’s own and stays behind', async () => {
  const seen = provider.calls.length;
  const contents = [{ role: 'user', parts: [{ text: 'Hello' }] }];
  const target = 'POST /v1beta/models/gemini:generateContent?key=client-key&alt=json&%6bey=client-key';
  await sendRaw(gateway.port, requestText(target, { body: JSON.stringify({ contents }) }));
  const call = provider.calls[seen];
  assert.match(call?.path ?? '', /gemini:generateContent/);
  assert.doesNotMatch(call?.rawHeaders ?? '', /client-key/);
});

test('a model is one segment of the provider’s path', async () => {
  for (const model of ['..', '.', '../x', 'a/../../x', '%2e%2e', 'a?b', 'a#b', 'a\\b']) {
    const seen = provider.calls.length;
    const contents = [{ role: 'user', parts: [{ text: 'Hello' }] }];
    const target = `POST /v1beta/models/${encodeURIComponent(model)}:generateContent`;
    const converse = `POST /model/${encodeURIComponent(model)}/converse`;
    await sendRaw(
      gateway.port,
      requestText(target, { body: JSON.stringify({ contents }), headers: { 'x-api': 'gemini' } }),
    );
    const messages = [{ role: 'user', content: [{ text: 'Hello' }] }];
    await sendRaw(
      gateway.port,
      requestText(converse, { body: JSON.stringify({ messages }), headers: { 'x-api': 'bedrock' } }),
    );
    for (const { path } of provider.calls.slice(seen)) {
      // What the provider's server makes of it.
      assert.match(
        new URL(`http://provider.example${path}`).pathname,
        /^\/(v1beta\/models\/|model\/[^/]+\/converse$)/,
        path,
      );
    }
  }
});

test('a header that is there twice is not used once here and once there', async () => {
  const seen = provider.calls.length;
  const text = requestText(CHAT, { body: body() })
    .toString()
    .replace('content-type: application/json', 'content-type: application/json\r\ncontent-type: text/csv');
  const { answer } = await sendRaw(gateway.port, text);
  if (answer?.status === 200) assert.doesNotMatch(provider.calls[seen]?.rawHeaders ?? '', /text\/csv/);
  else assert.equal(answer?.status, 400);
});

const field = (disposition: string, value: string) =>
  `--${BOUNDARY}\r\ncontent-disposition: form-data; ${disposition}\r\n\r\n${value}\r\n`;
const FILE = field('name="file"; filename="a.wav"', 'RIFF');
const END = `--${BOUNDARY}--\r\n`;
const PLAIN_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** Forms that show one model to a careless reader and another to a careful one. */
const FORMS: { name: string; form: string; type?: string }[] = [
  { name: 'plain', form: field('name="model"', 'cheap') + FILE + END },
  { name: 'unquoted name', form: field('name=model', 'cheap') + FILE + END },
  {
    name: 'delimiter inside a line of a file',
    form: `${field('name="model"', 'cheap')}${field('name="file"; filename="a"', `RIFF--${BOUNDARY}--`)}${field('name="model"', 'dear')}${END}`,
  },
  {
    name: 'longer boundary inside a file',
    form: `${field('name="file"; filename="a"', `RIFF\r\n--${BOUNDARY}x\r\ncontent-disposition: form-data; name="model"\r\n\r\ncheap`)}${field('name="model"', 'dear')}${END}`,
  },
  {
    name: 'name inside another parameter',
    form: `${field('name="other"; note="; name=model "', 'cheap')}${field('name="model"; note="; name=other "', 'dear')}${FILE}${END}`,
  },
  {
    name: 'model behind a long model',
    form: field('name="model"', 'cheap') + field('name="model"', 'd'.repeat(2000)) + END,
  },
  {
    name: 'two boundaries',
    form: `--other\r\ncontent-disposition: form-data; name="model"\r\n\r\ncheap\r\n--other--\r\n${field('name="model"', 'dear')}${END}`,
    type: `multipart/form-data; boundary=other; boundary=${BOUNDARY}`,
  },
  {
    name: 'model in the preamble',
    form: `x--${BOUNDARY}\r\ncontent-disposition: form-data; name="model"\r\n\r\ncheap\r\n${field('name="model"', 'dear')}${END}`,
  },
];

for (const { name, form, type } of FORMS) {
  test(`the model of a form is the one the provider reads: ${name}`, async () => {
    const seen = provider.calls.length;
    const headers = { 'content-type': type ?? PLAIN_TYPE };
    const { answer } = await sendRaw(
      gateway.port,
      requestText('POST /v1/audio/transcriptions', { body: form, headers }),
    );
    assert.ok(answer !== undefined);
    if (answer.status >= 400 && answer.status < 500) return;
    assert.equal(answer.status, 200, answer.body.toString());
    const call = provider.calls[seen];
    assert.ok(call !== undefined);
    // Another implementation of multipart: what it finds is what a provider may find.
    const read = new Response(call.body, { headers: { 'content-type': call.headers['content-type'] ?? '' } });
    const parsed = await read.formData().catch(() => undefined);
    assert.deepEqual(parsed?.getAll('model') ?? ['approved'], ['approved'], call.body.toString());
    assert.doesNotMatch(call.body.toString(), /name="?model"?[^\r]*\r\n\r\ndear/);
  });
}

test('nothing a client sends becomes a property of every object', async () => {
  for (const text of [
    '{"model":"same","messages":[],"__proto__":{"polluted":1}}',
    '{"model":"same","messages":[],"constructor":{"prototype":{"polluted":1}}}',
    '{"model":"__proto__","messages":[]}',
  ]) {
    await sendRaw(gateway.port, requestText(CHAT, { body: text, headers: { __proto__: 'polluted' } }));
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});
