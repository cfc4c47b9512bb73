import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { ANSWER_TEXT } from '../support/providers.ts';
import { type ProviderCall, startRawProvider } from '../support/raw-provider.ts';
import { createAsker } from './support/clients.ts';
import { clusterLine } from './support/cluster-line.ts';
import { scrape } from './support/scrape.ts';
import { answerWell } from './support/storm-faults.ts';

/** The whole of it takes minutes; what runs by default is a shorter outage under less load. */
const LONG = process.env['AIGW_LONG_TESTS'] === '1';
const RATE = LONG ? 500 : 60;
const DEAD_MS = LONG ? 10_000 : 3000;
/** A try may take this long: a machine that does much else at once must not be taken for a dead provider. */
const TRY_MS = LONG ? 3000 : 2000;
const BEFORE_MS = LONG ? 3000 : 600;
const MAX_OPEN_MS = 1000;
const CONSECUTIVE_ERRORS = 5;

/** How a provider dies. */
type Death = 'resets connections' | 'answers 500' | 'answers nothing';

const deaths = new Map<string, Death>();
const sockets = new Map<string, Set<Socket>>();

async function startMortal(name: string): Promise<string> {
  const open = new Set<Socket>();
  sockets.set(name, open);
  const answer = (call: ProviderCall) => {
    const death = deaths.get(name);
    if (death === undefined) answerWell(call, { 'x-answered-by': name });
    else if (death === 'answers 500') call.reply(500, { 'content-type': 'application/json' }, '{}');
  };
  const { url } = await startRawProvider({ after }, answer, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    if (deaths.get(name) !== 'resets connections') return false;
    socket.resetAndDestroy();
    return true;
  });
  return url;
}

function die(name: string, death: Death): void {
  deaths.set(name, death);
  if (death === 'resets connections') for (const socket of sockets.get(name) ?? []) socket.resetAndDestroy();
}

const CASES: readonly (readonly [string, Death])[] = [
  ['first', 'resets connections'],
  ['second', 'answers 500'],
  ['third', 'answers nothing'],
];
const urls = new Map<string, string>();
for (const [name] of CASES) urls.set(name, await startMortal(name));
const spareUrl = await startMortal('spare');
const breaker = `circuit_breaker: { consecutive_errors: ${CONSECUTIVE_ERRORS}, open: 250ms, max_open: ${MAX_OPEN_MS}ms }`;
const gateway = await startGateway(
  { after },
  `static_cluster:
${CASES.map(([name]) => clusterLine(name, 'openai', urls.get(name) ?? '', breaker)).join('\n')}
${clusterLine('spare', 'openai', spareUrl)}
virtual_services:
  - name: main
    virtual_routes:
${CASES.map(
  ([name]) =>
    `      - { match: { headers: { x-route: ${name} } }, retry: { per_try_timeout: ${TRY_MS}ms }, split: [{ cluster: ${name} }], fallback: [{ cluster: spare }] }`,
).join('\n')}
`,
);
const { ask } = createAsker({ after }, () => gateway.port, 2048);

interface Sample {
  askedMs: number;
  atMs: number;
  by: unknown;
  attempts: number;
  durationMs: number;
}

/** Asks at a steady rate until told to stop; resolves to what came of it. */
function load(route: string): { samples: Sample[]; wrong: string[]; stop(): Promise<void> } {
  const samples: Sample[] = [];
  const wrong: string[] = [];
  const running = new Set<Promise<void>>();
  const start = performance.now();
  let sent = 0;
  const send = (at: number) => {
    const askedMs = performance.now();
    const one = ask({ stream: at % 2 === 0, headers: { 'x-route': route } }).then(
      (answer) => {
        if (answer.text !== ANSWER_TEXT || answer.error !== undefined)
          wrong.push(
            `${answer.status} ${answer.error} (${answer.headers['x-aigw-attempts']} attempts, ${Math.round(answer.durationMs)} ms)`,
          );
        const attempts = Number(answer.headers['x-aigw-attempts']);
        const { durationMs } = answer;
        samples.push({ askedMs, atMs: performance.now(), by: answer.headers['x-answered-by'], attempts, durationMs });
      },
      (error: unknown) => void wrong.push(String(error)),
    );
    running.add(one);
    void one.then(() => running.delete(one));
  };
  const timer = setInterval(() => {
    const due = ((performance.now() - start) / 1000) * RATE;
    for (; sent < due; sent++) send(sent);
  }, 5);
  return {
    samples,
    wrong,
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
    },
  };
}

const pause = (ms: number) =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

const rows: string[] = [];

for (const [name, death] of CASES) {
  test(`a provider that ${death} for ${DEAD_MS} ms under ${RATE} requests/s: clients notice nothing`, async (t) => {
    const under = load(name);
    await pause(BEFORE_MS);
    const diedAt = performance.now();
    die(name, death);
    await pause(DEAD_MS);
    deaths.delete(name);
    const backAt = performance.now();
    // A probe that was sent before waits for its time to be over.
    const probeMs = death === 'answers nothing' ? TRY_MS : 0;
    await pause(probeMs + MAX_OPEN_MS + 1000);
    await under.stop();
    const { samples, wrong } = under;
    assert.deepEqual(wrong.slice(0, 5), []);
    const dead = samples.filter(({ atMs }) => atMs > diedAt && atMs <= backAt);
    const tried = dead.filter(({ attempts }) => attempts > 1);
    // The failure that takes it out; what had been sent before fails after it.
    const ejectedMs = (tried[CONSECUTIVE_ERRORS - 1]?.atMs ?? Number.NaN) - diedAt;
    const first = samples.find(({ atMs, by }) => atMs > backAt && by === name);
    assert.ok(first !== undefined, 'the provider never came back');
    const returnMs = first.atMs - backAt;
    const back = samples.filter(({ askedMs }) => askedMs > first.atMs + 100);
    const metrics = await scrape(gateway.adminPort);
    const openings = metrics.sum('aigw_target_openings_total', { cluster: name });
    const slowest = Math.max(...dead.map(({ durationMs }) => durationMs));
    rows.push(
      `| ${death} | ${samples.length} | ${wrong.length} | ${tried.length} | ${Math.round(ejectedMs)} ms | ${openings} | ${Math.round(returnMs)} ms | ${Math.round(slowest)} ms |`,
    );
    // Recovery within one probe interval, as long as it has grown, with some slack for a busy machine.
    assert.ok(returnMs <= probeMs + MAX_OPEN_MS + 800, `it came back after ${returnMs} ms`);
    // What is sent before the first failure is known meets it; after that hardly anything does.
    const unknowing = death === 'answers nothing' ? (RATE * TRY_MS) / 1000 : 0;
    assert.ok(tried.length <= unknowing + dead.length / 4, `${tried.length} requests met the dead provider`);
    assert.ok(back.length > 0 && back.every(({ by }) => by === name), 'not all requests came back to it');
    t.diagnostic(rows.at(-1) ?? '');
  });
}

test('the table', (t) => {
  t.diagnostic(
    '| a provider that | requests | client errors | second attempts | to eject | openings | to return | slowest answer |',
  );
  t.diagnostic('|---|--:|--:|--:|--:|--:|--:|--:|');
  for (const row of rows) t.diagnostic(row);
  assert.equal(rows.length, CASES.length);
});
