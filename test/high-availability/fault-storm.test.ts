import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, test } from 'node:test';
import type { ClientAdapter } from '../conformance/reading.ts';
import { startGateway } from '../support/gateway.ts';
import { ANSWER_TEXT, CUT_TEXT } from '../support/providers.ts';
import { closedPort, startRawProvider } from '../support/raw-provider.ts';
import { inParallel, waitFor } from '../support/wait.ts';
import { ASKED_ENDPOINTS, CLIENTS, type ClientAnswer, createAsker } from './support/clients.ts';
import { clusterLine } from './support/cluster-line.ts';
import { scriptedApi } from './support/scripted-apis.ts';
import { pickOne, seededRandom } from './support/seeded.ts';
import { answerWell, STORM_FAULTS, type StormFault } from './support/storm-faults.ts';

const REQUESTS = 10_000;
/** All sides share one event loop, which accepts one connection a turn: more at once would only wait for each other. */
const WIDTH = 64;
const SEED = 5;

/** Each provider of the storm, and where its requests go when it fails: to one of another API. */
const PROVIDERS: Readonly<Record<string, string>> = {
  openai: 'anthropic',
  anthropic: 'google',
  google: 'aws-bedrock',
  'aws-bedrock': 'openai',
  cohere: 'ollama',
  ollama: 'tgi',
  tgi: 'cohere',
};
const names = Object.keys(PROVIDERS);
const faults = new Map(STORM_FAULTS.map((fault) => [fault.name, fault]));
/** Provider requests that met each fault. */
const met = new Map<string, number>();

const flaky = await startRawProvider({ after }, (call) => {
  const fault = faults.get(call.headers['x-fault'] ?? '');
  if (fault === undefined) return answerWell(call);
  met.set(fault.name, (met.get(fault.name) ?? 0) + 1);
  fault.play(call, scriptedApi(call.path));
});
const spare = await startRawProvider({ after }, answerWell);
const nobody = await closedPort();

/** Breakers that open, but not for so long that hardly any request meets a fault. */
const BREAKER = 'circuit_breaker: { consecutive_errors: 8, open: 20ms, max_open: 40ms }';
const POLICY = 'retry: { per_try_timeout: 4s }, timeout: { first_token: 4s, idle: 4s }';
const gateway = await startGateway(
  { after },
  `static_cluster:
${names.map((name) => clusterLine(name, name, flaky.url, BREAKER)).join('\n')}
${names.map((name) => clusterLine(`${name}-spare`, name, spare.url)).join('\n')}
${names.map((name) => clusterLine(`${name}-nobody`, name, `http://127.0.0.1:${nobody}`, BREAKER)).join('\n')}
virtual_services:
  - name: main
    ${ASKED_ENDPOINTS}
    virtual_routes:
${names
  .flatMap((name) =>
    ['', '-nobody'].map(
      (kind) =>
        `      - { match: { headers: { x-route: ${name}${kind} } }, ${POLICY}, split: [{ cluster: ${name}${kind}, model: m }], fallback: [{ cluster: ${PROVIDERS[name]}-spare, model: m }] }`,
    ),
  )
  .join('\n')}
`,
);
const { ask } = createAsker({ after }, () => gateway.port);

interface StormRequest {
  client: ClientAdapter;
  provider: string;
  stream: boolean;
  /** Undefined: the provider is well, or is not there. */
  fault: StormFault | undefined;
  refused: boolean;
}

function drawFault(stream: boolean, random: () => number): StormFault {
  const fitting = STORM_FAULTS.filter(({ only }) => only === undefined || only === (stream ? 'stream' : 'whole'));
  let left = random() * fitting.reduce((sum, { weight }) => sum + weight, 0);
  for (const fault of fitting) {
    left -= fault.weight;
    if (left < 0) return fault;
  }
  return fitting[0] as StormFault;
}

function draw(random: () => number): StormRequest {
  const stream = random() < 0.6;
  const kind = random();
  return {
    client: pickOne(CLIENTS, random),
    provider: pickOne(names, random),
    stream,
    fault: kind < 0.5 ? drawFault(stream, random) : undefined,
    refused: kind >= 0.5 && kind < 0.55,
  };
}

type Outcome = 'whole' | 'error after content' | string;

/** What a client made of it; anything but the two first is wrong. */
function judge(request: StormRequest, answer: ClientAnswer): Outcome {
  if (answer.status !== 200) return `status ${answer.status}: ${answer.error}`;
  if (!answer.ended) return `the answer does not end: ${JSON.stringify(answer.text)}`;
  if (answer.error === undefined) return answer.text === ANSWER_TEXT ? 'whole' : `text ${JSON.stringify(answer.text)}`;
  if (request.fault?.commits !== true) return `an error in the stream: ${answer.error}`;
  return answer.text === CUT_TEXT ? 'error after content' : `text before the error: ${JSON.stringify(answer.text)}`;
}

test(`${REQUESTS} requests through a storm of faults: none fails before its first content, none is told anything twice`, async (t) => {
  const random = seededRandom(SEED);
  const delay = monitorEventLoopDelay();
  delay.enable();
  const requests = Array.from({ length: REQUESTS }, () => draw(random));
  const wrong: string[] = [];
  const counts = { whole: 0, 'error after content': 0, retried: 0 };
  const cpu = process.cpuUsage();
  const start = performance.now();
  await inParallel(requests, WIDTH, async (request) => {
    const { client, provider, stream, fault, refused } = request;
    const what = `${client.name} to ${provider}, ${stream ? 'streamed' : 'whole'}: ${refused ? 'nobody there' : (fault?.name ?? 'none')}`;
    try {
      const answer = await ask({
        client,
        stream,
        headers: {
          'x-route': refused ? `${provider}-nobody` : provider,
          ...(fault === undefined ? {} : { 'x-fault': fault.name }),
        },
      });
      const outcome = judge(request, answer);
      if (Number(answer.headers['x-aigw-attempts']) > 1) counts.retried++;
      if (outcome === 'whole' || outcome === 'error after content') counts[outcome]++;
      else wrong.push(`${what}: ${outcome}`);
    } catch (error) {
      wrong.push(`${what}: ${String(error)}`);
    }
  });
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000;
  t.diagnostic(
    `${REQUESTS} requests in ${Math.round(performance.now() - start)} ms, ${Math.round(cpuMs)} ms of CPU for clients, gateway and providers, longest stall ${Math.round(delay.max / 1e6)} ms`,
  );
  t.diagnostic(
    `${counts.whole} whole, ${counts['error after content']} ended with their API's error after content, ${wrong.length} wrong; ${counts.retried} took more than one attempt`,
  );
  for (const [name, count] of met) t.diagnostic(`${name}: met ${count} times`);
  assert.deepEqual(wrong.slice(0, 20), []);
  for (const { name, weight } of STORM_FAULTS) {
    assert.ok((met.get(name) ?? 0) >= weight * 2, `${name} was met only ${met.get(name) ?? 0} times`);
  }
});

test('afterwards one record is left for each request, and nothing is open', async () => {
  const metrics = async () => (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  await waitFor('all requests to be settled', async () => /^aigw_active_requests 0$/m.test(await metrics()));
  assert.match(await metrics(), /^aigw_open_streams 0$/m);
  const records = await gateway.stop();
  assert.equal(records.length, REQUESTS);
  assert.deepEqual(
    gateway.log.filter((line) => line.includes('failed inside the gateway')),
    [],
  );
});
