import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { CLIENT_APIS, type ClientApi } from './support/client-apis.ts';
import { type AccessRecord, startGateway } from './support/gateway.ts';
import { type Fault, STREAM_FAULTS, WHOLE_FAULTS } from './support/provider-faults.ts';
import { ANSWER_TEXT, CUT_TEXT, PROVIDER_APIS } from './support/providers.ts';
import { openRaw, type RawConnection, requestText } from './support/raw-client.ts';
import { closedPort, type ProviderCall, startRawProvider } from './support/raw-provider.ts';
import { inParallel, waitFor, within } from './support/wait.ts';

const WIDTH = 32;
const LIMITS = 'timeout: { request: 400ms, first_token: 400ms, idle: 400ms }';
/** Limits that leave time for another try. */
const TRY_LIMITS = 'timeout: { idle: 400ms }, retry: { per_try_timeout: 400ms }';

/** What is done to the provider request of a test, by its `x-test` header. */
const plays = new Map<string, (call: ProviderCall) => void>();
const calls = new Map<string, ProviderCall[]>();

const provider = await startRawProvider({ after }, (call) => {
  const id = call.headers['x-test'] ?? '';
  calls.set(id, [...(calls.get(id) ?? []), call]);
  if (call.headers['x-spare'] === undefined) {
    plays.get(id)?.(call);
    return;
  }
  const api = PROVIDER_APIS[call.headers['x-api'] ?? ''];
  if (api === undefined) return;
  // Some APIs ask for a stream in the body, some in the path.
  if (call.body.includes('"stream":true') || call.path.includes('stream')) {
    call.head(200, { 'content-type': api.streamType });
    call.chunk(Buffer.concat(api.frames));
    call.end();
  } else call.reply(200, { 'content-type': 'application/json' }, api.json);
});
const nobody = await closedPort();
const unwillingProxy = await startRawProvider({ after }, (call) => call.reply(407, {}, ''));

function cluster(api: string, name: string, options: { url?: string; headers?: string } = {}): string {
  const access =
    api === 'aws-bedrock'
      ? 'region: us-east-1, credential: { type: aws, access_key_id: AKIA, secret_access_key: s }'
      : 'api_key: k';
  return `  ${name}: { provider: ${api}, endpoint: "${options.url ?? provider.url}", ${access}, circuit_breaker: false, headers: { x-api: ${api}${options.headers ?? ''} } }`;
}

const names = Object.keys(PROVIDER_APIS);
const routes = names.flatMap((name) => [
  `{ match: { model: ${name} }, split: [{ cluster: ${name} }] }`,
  `{ match: { model: ${name}/hasty }, ${LIMITS}, split: [{ cluster: ${name} }] }`,
  `{ match: { model: ${name}/spare }, split: [{ cluster: ${name} }], fallback: [{ cluster: ${name}-spare }] }`,
  `{ match: { model: ${name}/hasty/spare }, ${TRY_LIMITS}, split: [{ cluster: ${name} }], fallback: [{ cluster: ${name}-spare }] }`,
]);
const gateway = await startGateway(
  { after },
  `limits: { drain_timeout: 2s }
static_cluster:
${names.map((name) => cluster(name, name)).join('\n')}
${names.map((name) => cluster(name, `${name}-spare`, { headers: ', x-spare: "1"' })).join('\n')}
${cluster('openai', 'nobody', { url: `http://127.0.0.1:${nobody}` })}
  proxied: { provider: openai, api_key: k, endpoint: "${provider.url}", forward_proxy: "127.0.0.1:${unwillingProxy.port}" }
virtual_services:
  - name: main
    model_addressing: false
    virtual_routes:
      - ${routes.join('\n      - ')}
      - { match: { model: proxied }, split: [{ cluster: proxied }] }
      - { match: { model: proxied/spare }, split: [{ cluster: proxied }], fallback: [{ cluster: openai-spare }] }
      - { match: { model: nobody }, split: [{ cluster: nobody }] }
      - { match: { model: nobody/spare }, split: [{ cluster: nobody }], fallback: [{ cluster: openai-spare }] }
`,
);

async function metricsText(): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`);
  return response.text();
}

/** What each test expects in the access log; checked at the end. */
const expectedRecords = new Map<string, Partial<AccessRecord>>();

interface Case {
  id: string;
  client: ClientApi;
  provider: string;
  stream: boolean;
  fault: Fault;
}

function caseOf(pair: Pair, fault: Fault, stream: boolean): Case {
  const id = `${pair.client} to ${pair.provider}, ${stream ? 'streamed' : 'whole'}: ${fault.name}`;
  return { id, client: CLIENT_APIS[pair.client], provider: pair.provider, stream, fault };
}

interface Pair {
  client: keyof typeof CLIENT_APIS;
  provider: string;
  same: boolean;
}

const PAIRS: readonly Pair[] = [
  { client: 'openai-chat', provider: 'openai', same: true },
  { client: 'anthropic', provider: 'anthropic', same: true },
  { client: 'openai-chat', provider: 'anthropic', same: false },
  { client: 'openai-chat', provider: 'aws-bedrock', same: false },
  { client: 'openai-chat', provider: 'google', same: false },
  { client: 'anthropic', provider: 'openai', same: false },
  { client: 'gemini', provider: 'openai', same: false },
  { client: 'gemini', provider: 'google', same: true },
  { client: 'bedrock-converse', provider: 'anthropic', same: false },
  { client: 'bedrock-converse', provider: 'aws-bedrock', same: true },
];

/** The one on which costly faults are tried. */
const COSTLY_PAIR = PAIRS.find((pair) => !pair.same);

async function send(request: Case, model: string, id: string): Promise<RawConnection> {
  const connection = await openRaw(gateway.port);
  const question = { model, stream: request.stream };
  const body = JSON.stringify(request.client.body(question));
  connection.send(requestText(`POST ${request.client.path(question)}`, { body, headers: { 'x-test': id } }));
  return connection;
}

function checkWhole(request: Case, connection: RawConnection): void {
  const answer = connection.answers[0];
  const text = connection.text();
  assert.equal(answer?.status, 200, text);
  assert.ok(answer.complete, 'the answer is cut');
  assert.equal(answer.headers['content-encoding'], undefined);
  if (!request.stream) {
    assert.equal(request.client.wholeText(text), ANSWER_TEXT);
    return;
  }
  assert.deepEqual(request.client.readStream(connection.body()), { text: ANSWER_TEXT, ended: 'whole' }, text);
}

function checkOutcome(request: Case, connection: RawConnection): void {
  const { outcome } = request.fault;
  const answer = connection.answers[0];
  const text = connection.text();
  switch (outcome.kind) {
    case 'whole':
      checkWhole(request, connection);
      return;
    case 'refused':
      assert.equal(answer?.status, outcome.status, text);
      assert.ok(answer.complete);
      assert.ok(request.client.isError(JSON.parse(text)), text);
      if (outcome.status === 503) assert.equal(answer.headers['retry-after'], '7');
      return;
    case 'broken-stream':
      assert.equal(answer?.status, 200, text);
      assert.ok(answer.complete, 'the stream does not end in order');
      assert.deepEqual(request.client.readStream(connection.body()), { text: CUT_TEXT, ended: 'error' }, text);
      return;
    case 'cut':
      assert.equal(answer?.status, 200, text.slice(0, 1000));
      assert.equal(answer.complete, false, 'nothing tells the client that the body is cut');
      return;
    default:
      outcome satisfies never;
  }
}

async function playCase(request: Case): Promise<void> {
  const { fault, id } = request;
  const api = PROVIDER_APIS[request.provider];
  assert.ok(api !== undefined);
  let connection: RawConnection | undefined;
  const seen = () =>
    waitFor(
      'the client to have the text before the cut',
      () => connection !== undefined && request.client.readStream(connection.body()).text === CUT_TEXT,
    );
  let failure: unknown;
  plays.set(id, (call) => {
    Promise.resolve(fault.play(call, api, seen)).catch((error: unknown) => {
      failure = error;
    });
  });
  connection = await send(request, fault.hasty === true ? `${request.provider}/hasty` : request.provider, id);
  await connection.whole();
  connection.socket.destroy();
  if (failure !== undefined) throw failure;
  const { outcome } = fault;
  expectedRecords.set(id, {
    status: outcome.kind === 'refused' ? outcome.status : 200,
    error: outcome.kind === 'whole' ? null : outcome.error,
    attempts: 1,
    aborted: false,
  });
  checkOutcome(request, connection);
  // A connection that goes at once may have been a kept one that went unasked; what took time was asked for.
  if (outcome.kind !== 'refused' || fault.hasty === true) {
    assert.equal(calls.get(id)?.length, 1, 'the provider was asked more than once');
  }
  if (fault.closes === true) {
    for (const call of calls.get(id) ?? []) await within('the provider to see its connection closed', call.closed);
  }
}

/** The same fault where another target stands ready: the client must notice nothing. */
async function playWithSpare(request: Case): Promise<void> {
  const api = PROVIDER_APIS[request.provider];
  assert.ok(api !== undefined);
  const id = `${request.id}, with a spare`;
  plays.set(id, (call) => void request.fault.play(call, api, () => Promise.reject(new Error('content went out'))));
  const hasty = request.fault.hasty === true ? '/hasty' : '';
  const connection = await send(request, `${request.provider}${hasty}/spare`, id);
  await connection.whole();
  connection.socket.destroy();
  expectedRecords.set(id, { status: 200, error: null, attempts: 2, aborted: false });
  checkWhole(request, connection);
}

async function failuresOf(cases: readonly Case[], play: (request: Case) => Promise<void>): Promise<string[]> {
  const failures = await inParallel(cases, WIDTH, (request) =>
    play(request).then(
      () => undefined,
      (error: Error) => `${request.id}: ${error.message}`,
    ),
  );
  return failures.filter((failure) => failure !== undefined);
}

for (const pair of PAIRS) {
  const cases = [false, true].flatMap((stream) =>
    (stream ? STREAM_FAULTS : WHOLE_FAULTS)
      .filter((fault) => fault.only === undefined || (fault.only === 'same') === pair.same)
      .filter((fault) => fault.costly !== true || pair === COSTLY_PAIR)
      .map((fault) => caseOf(pair, fault, stream)),
  );
  const what = `${pair.client} client, ${pair.provider} provider`;
  test(`${what}: each fault of the provider ends as it should`, async () => {
    assert.deepEqual(await failuresOf(cases, playCase), []);
  });
  const early = cases.filter(({ fault }) => fault.outcome.kind === 'refused' && fault.lasting !== true);
  test(`${what}: what fails before the first content is made up for by another target`, async () => {
    assert.deepEqual(await failuresOf(early, playWithSpare), []);
  });
}

for (const target of ['nobody', 'proxied']) {
  const what = target === 'nobody' ? 'a provider that is not there' : 'a forward proxy that refuses';
  test(`${what} is a 502, or no matter when there is another`, async () => {
    const fault: Fault = { name: target, outcome: { kind: 'refused', status: 502, error: null }, play() {} };
    const request = caseOf({ client: 'openai-chat', provider: 'openai', same: true }, fault, false);
    const alone = await send(request, target, target);
    await alone.whole();
    alone.socket.destroy();
    checkOutcome(request, alone);
    expectedRecords.set(target, { status: 502, error: 'provider_unreachable', attempts: 1 });
    const id = `${target}, with a spare`;
    const second = await send(request, `${target}/spare`, id);
    await second.whole();
    second.socket.destroy();
    checkWhole(request, second);
    expectedRecords.set(id, { status: 200, error: null, attempts: 2 });
  });
}

test('an answer of 100 MB in the client’s dialect passes whole', async () => {
  const filler = Buffer.alloc(1_000_000, ' ');
  const json = PROVIDER_APIS['openai']?.json ?? '';
  plays.set('huge', (call) => {
    call.socket.write(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${json.length + 100 * filler.length}\r\n\r\n`,
    );
    let left = 100;
    const more = () => {
      while (left > 0) {
        left--;
        if (!call.socket.write(filler)) return;
      }
      if (left === 0) {
        left = -1;
        call.socket.write(json);
      }
    };
    call.socket.on('drain', more);
    more();
  });
  const body = JSON.stringify(CLIENT_APIS['openai-chat'].body({ model: 'openai', stream: false }));
  const response = await fetch(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-test': 'huge', connection: 'close' },
    body,
  });
  let length = 0;
  for await (const chunk of response.body ?? []) length += (chunk as Uint8Array).length;
  assert.equal(length, json.length + 100 * filler.length);
  expectedRecords.set('huge', { status: 200, error: null, input_tokens: 7, output_tokens: 3 });
});

test('a client that goes while it sends its body leaves a record and no provider request', async () => {
  const connection = await openRaw(gateway.port);
  const head = { 'content-type': 'application/json', 'content-length': '1000', 'x-test': 'gone early' };
  connection.send(requestText('POST /v1/chat/completions', { headers: head }));
  connection.send('{"model":"openai",');
  await waitFor('the gateway to read', async () => !/^aigw_active_requests 0$/m.test(await metricsText()));
  connection.socket.resetAndDestroy();
  await connection.closed;
  expectedRecords.set('gone early', { status: 499, error: 'client_closed', aborted: true, attempts: 0 });
  await waitFor('the connection to be gone', () => gateway.gateway.listeners[0]?.connections === 0);
  assert.equal(calls.has('gone early'), false);
});

for (const pair of PAIRS) {
  for (const how of ['reset', 'close'] as const) {
    const leave = ({ socket }: RawConnection) => (how === 'reset' ? socket.resetAndDestroy() : socket.destroy());
    const what = `${pair.client} client, ${pair.provider} provider, ${how}`;

    test(`a client that goes before the head ends the provider request: ${what}`, async () => {
      for (const stream of [false, true]) {
        const id = `gone before the head: ${what}, ${stream}`;
        const arrived = new Promise<ProviderCall>((resolve) => plays.set(id, resolve));
        const fault: Fault = { name: how, outcome: { kind: 'whole' }, play() {} };
        const connection = await send(caseOf(pair, fault, stream), pair.provider, id);
        const call = await within('the provider request', arrived);
        leave(connection);
        await within('the provider to see its connection closed', call.closed);
        expectedRecords.set(id, { status: 499, error: 'client_closed', aborted: true, attempts: 1 });
      }
    });

    test(`a client that goes in the middle of a stream ends the provider request: ${what}`, async () => {
      const id = `gone in the middle: ${what}`;
      const api = PROVIDER_APIS[pair.provider];
      assert.ok(api !== undefined);
      const arrived = new Promise<ProviderCall>((resolve) => plays.set(id, resolve));
      const fault: Fault = { name: how, outcome: { kind: 'whole' }, play() {} };
      const request = caseOf(pair, fault, true);
      const connection = await send(request, pair.provider, id);
      const call = await within('the provider request', arrived);
      call.head(200, { 'content-type': api.streamType });
      for (const frame of api.frames.slice(0, api.cutAfter)) call.chunk(frame);
      await waitFor('the first words', () => request.client.readStream(connection.body()).text === CUT_TEXT);
      leave(connection);
      await within('the provider to see its connection closed', call.closed);
      expectedRecords.set(id, { status: 200, error: 'client_closed', aborted: true, attempts: 1 });
    });
  }
}

test('afterwards nothing is left: one record for each request, no connection, no fault of the gateway’s own', async () => {
  await waitFor('the client connections to be gone', () => gateway.gateway.listeners[0]?.connections === 0);
  const metrics = await metricsText();
  assert.match(metrics, /^aigw_active_requests 0$/m);
  assert.match(metrics, /^aigw_open_streams 0$/m);
  const records = await gateway.stop();
  await waitFor('the provider connections to be gone', () => provider.connections === 0);
  const wrong: string[] = [];
  for (const [id, expected] of expectedRecords) {
    const found = records.filter((record) => record.test === id);
    if (found.length !== 1) wrong.push(`${id}: ${found.length} records`);
    for (const [field, value] of Object.entries(expected)) {
      const actual = found[0]?.[field as keyof AccessRecord];
      if (actual !== value) wrong.push(`${id}: ${field} is ${actual}, not ${value} (${found[0]?.detail ?? ''})`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.equal(records.length, expectedRecords.size);
  assert.deepEqual(
    gateway.log.filter((line) => line.includes('failed inside the gateway')),
    [],
  );
});
