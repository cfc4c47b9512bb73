import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { type AccessRecord, startGateway } from './support/gateway.ts';
import { openRaw, type RawConnection, requestText } from './support/raw-client.ts';
import { type ProviderCall, startRawProvider } from './support/raw-provider.ts';
import { inParallel, waitFor, within } from './support/wait.ts';

/** What a provider of Google's embeddings does to a translated request. */
interface FamilyFault {
  name: string;
  status: number;
  error: string | null;
  hasty?: true;
  play(call: ProviderCall): void;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const vectors = (call: ProviderCall) => {
  const { requests = [] } = JSON.parse(call.body.toString()) as { requests?: unknown[] };
  return JSON.stringify({ embedding: { values: [1, 2] }, embeddings: requests.map(() => ({ values: [1, 2] })) });
};

const FAULTS: readonly FamilyFault[] = [
  { name: 'none', status: 200, error: null, play: (call) => call.reply(200, JSON_TYPE, vectors(call)) },
  {
    name: 'gzip',
    status: 200,
    error: null,
    play: (call) => call.reply(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(vectors(call))),
  },
  {
    name: 'br',
    status: 200,
    error: null,
    play: (call) => call.reply(200, { ...JSON_TYPE, 'content-encoding': 'br' }, brotliCompressSync(vectors(call))),
  },
  {
    name: 'interim answer',
    status: 200,
    error: null,
    play(call) {
      call.socket.write('HTTP/1.1 103 Early Hints\r\n\r\n');
      call.reply(200, JSON_TYPE, vectors(call));
    },
  },
  { name: 'reset', status: 502, error: 'provider_unreachable', play: (call) => void call.socket.resetAndDestroy() },
  {
    name: 'body cut',
    status: 502,
    error: 'provider_unreachable',
    play: (call) => void call.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{'),
  },
  { name: 'silence', status: 504, error: 'provider_timeout', hasty: true, play: () => undefined },
  {
    name: 'no HTTP',
    status: 502,
    error: 'provider_bad_response',
    play: (call) => void call.socket.write('SSH-2.0\r\n\r\n'),
  },
  { name: 'no JSON', status: 502, error: 'provider_bad_response', play: (call) => call.reply(200, JSON_TYPE, 'oops') },
  { name: 'other JSON', status: 502, error: 'provider_bad_response', play: (call) => call.reply(200, JSON_TYPE, '{}') },
  { name: 'list', status: 502, error: 'provider_bad_response', play: (call) => call.reply(200, JSON_TYPE, '[]') },
  {
    name: 'broken gzip',
    status: 502,
    error: 'provider_bad_response',
    play: (call) => call.reply(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }, 'oops'),
  },
  {
    name: 'refusal',
    status: 429,
    error: null,
    play: (call) =>
      call.reply(429, JSON_TYPE, '{"error":{"code":429,"message":"Slowly.","status":"RESOURCE_EXHAUSTED"}}'),
  },
];

const plays = new Map<string, FamilyFault['play']>();
const provider = await startRawProvider({ after }, (call) => {
  if (call.headers['x-spare'] !== undefined) call.reply(200, JSON_TYPE, vectors(call));
  else plays.get(call.headers['x-test'] ?? '')?.(call);
});
const gateway = await startGateway(
  { after },
  `static_cluster:
  google: { provider: google, endpoint: "${provider.url}", api_key: k, circuit_breaker: false }
  spare: { provider: google, endpoint: "${provider.url}", api_key: k, headers: { x-spare: "1" } }
virtual_services:
  - name: main
    model_addressing: false
    virtual_routes:
      - { match: { model: plain }, split: [{ cluster: google }] }
      - { match: { model: plain/hasty }, timeout: { request: 300ms }, split: [{ cluster: google }] }
      - { match: { model: spare }, split: [{ cluster: google }], fallback: [{ cluster: spare }] }
      - { match: { model: spare/hasty }, retry: { per_try_timeout: 300ms }, split: [{ cluster: google }], fallback: [{ cluster: spare }] }
`,
);

const expectedRecords = new Map<string, Partial<AccessRecord>>();

async function embed(model: string, id: string, play: FamilyFault['play']): Promise<RawConnection> {
  plays.set(id, play);
  const connection = await openRaw(gateway.port);
  const body = JSON.stringify({ model, input: ['one', 'two'] });
  connection.send(requestText('POST /v1/embeddings', { body, headers: { 'x-test': id } }));
  return connection;
}

test('translated embeddings: each fault of the provider ends as it should', async () => {
  const wrong = await inParallel(FAULTS, FAULTS.length, async ({ name, status, error, hasty, play }) => {
    const connection = await embed(hasty === true ? 'plain/hasty' : 'plain', name, play);
    await connection.whole();
    connection.socket.destroy();
    expectedRecords.set(name, { status, error, attempts: 1 });
    const answer = connection.answers[0];
    const body = JSON.parse(connection.text()) as { data?: unknown[]; error?: { message?: unknown } };
    const sound = status === 200 ? body.data?.length === 2 : typeof body.error?.message === 'string';
    return answer?.status === status && sound ? undefined : `${name}: ${answer?.status} ${connection.text()}`;
  });
  assert.deepEqual(
    wrong.filter((line) => line !== undefined),
    [],
  );
});

test('translated embeddings: another target makes up for each failure', async () => {
  const faults = FAULTS.filter(({ status }) => status !== 200);
  const wrong = await inParallel(faults, faults.length, async ({ name, hasty, play }) => {
    const id = `${name}, with a spare`;
    const connection = await embed(hasty === true ? 'spare/hasty' : 'spare', id, play);
    await connection.whole();
    connection.socket.destroy();
    expectedRecords.set(id, { status: 200, error: null, attempts: 2 });
    const status = connection.answers[0]?.status;
    return status === 200 ? undefined : `${id}: ${status} ${connection.text()}`;
  });
  assert.deepEqual(
    wrong.filter((line) => line !== undefined),
    [],
  );
});

test('translated embeddings: a client that goes ends the provider request', async () => {
  let arrive: (call: ProviderCall) => void = () => undefined;
  const arrived = new Promise<ProviderCall>((resolve) => {
    arrive = resolve;
  });
  const connection = await embed('plain', 'gone', (call) => arrive(call));
  const call = await within('the provider request', arrived);
  connection.socket.resetAndDestroy();
  await within('the provider to see its connection closed', call.closed);
  expectedRecords.set('gone', { status: 499, error: 'client_closed', aborted: true, attempts: 1 });
});

test('afterwards each request has left one record', async () => {
  await waitFor('the client connections to be gone', () => gateway.gateway.listeners[0]?.connections === 0);
  const records = await gateway.stop();
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
});
