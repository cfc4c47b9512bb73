import assert from 'node:assert/strict';
import test from 'node:test';
import { type ExpositionOrigin, ExpositionSum } from './exposition-sum.ts';
import { createMetrics } from './metrics.ts';

const PRIMARY: ExpositionOrigin = { role: 'primary', worker: 'primary' };
const worker = (index: number): ExpositionOrigin => ({ role: 'worker', worker: String(index) });
const DEPARTED: ExpositionOrigin = { role: 'departed', worker: '' };

async function sumOf(...parts: readonly (readonly [text: string, origin: ExpositionOrigin])[]): Promise<string> {
  const sum = new ExpositionSum();
  for (const [text, origin] of parts) await sum.add(text, origin);
  return [...sum.pieces()].join('');
}

const family = (name: string, type: string, ...lines: readonly string[]) =>
  `# HELP ${name} Help.\n# TYPE ${name} ${type}\n${lines.map((line) => `${line}\n`).join('')}`;

test('counters and histograms add up by their labels; a label value may hold anything', async () => {
  const lines = (a: number, b: number) =>
    family('c_total', 'counter', `c_total{m="a b} 1",n="x"} ${a}`, `c_total{m="other"} ${b}`) +
    family('h', 'histogram', `h_bucket{le="1"} ${a}`, `h_bucket{le="+Inf"} ${a + b}`, `h_sum ${a / 2}`, `h_count ${b}`);
  assert.equal(await sumOf([lines(1, 2), worker(1)], [lines(10, 20), worker(2)]), lines(11, 22));
});

test('a series of one worker alone stays; gauges add up, states show the worst', async () => {
  const text = await sumOf(
    [
      family('aigw_active_requests', 'gauge', 'aigw_active_requests 3') + family('c', 'counter', 'c{a="1"} 1'),
      worker(1),
    ],
    [
      family('aigw_active_requests', 'gauge', 'aigw_active_requests 4') + family('c', 'counter', 'c{a="2"} 1'),
      worker(2),
    ],
    [family('aigw_target_state', 'gauge', 'aigw_target_state{cluster="a"} 2'), worker(1)],
    [family('aigw_target_state', 'gauge', 'aigw_target_state{cluster="a"} 1'), worker(2)],
  );
  assert.match(text, /^aigw_active_requests 7$/m);
  assert.match(text, /^c\{a="1"\} 1\nc\{a="2"\} 1$/m);
  assert.match(text, /^aigw_target_state\{cluster="a"\} 2$/m);
});

test('each process has its own process metrics; the configuration is the primary’s', async () => {
  const process = (rss: number) =>
    family('process_resident_memory_bytes', 'gauge', `process_resident_memory_bytes ${rss}`) +
    family('aigw_config_revision', 'gauge', `aigw_config_revision ${rss}`) +
    family('aigw_requests_total', 'counter', `aigw_requests_total{code="200"} ${rss}`);
  const text = await sumOf([process(1), PRIMARY], [process(20), worker(1)], [process(300), worker(2)]);
  assert.match(text, /^process_resident_memory_bytes\{worker="primary"\} 1$/m);
  assert.match(text, /^process_resident_memory_bytes\{worker="2"\} 300$/m);
  assert.match(text, /^aigw_config_revision 1$/m);
  assert.match(text, /^aigw_requests_total\{code="200"\} 320$/m);
});

test('of a worker that ended what it counted stays, what it held goes', async () => {
  const one =
    family('aigw_requests_total', 'counter', 'aigw_requests_total{code="200"} 5') +
    family('aigw_open_streams', 'gauge', 'aigw_open_streams 2') +
    family('process_open_fds', 'gauge', 'process_open_fds 9');
  const text = await sumOf([one, worker(1)], [one, DEPARTED]);
  assert.match(text, /^aigw_requests_total\{code="200"\} 10$/m);
  assert.match(text, /^aigw_open_streams 2$/m);
  assert.deepEqual(text.match(/^process_open_fds.*$/gm), ['process_open_fds{worker="1"} 9']);
});

test('the real exposition goes through unchanged when one worker is all there is', async () => {
  const metrics = createMetrics({ version: '1' });
  try {
    metrics.attempt('openai', 'ok');
    metrics.limitRefusal('budget "x"\\y');
    metrics.series(
      { operation: 'chat', provider: 'openai', originalModel: 'a"b\\', requestModel: '', responseModel: 'm' },
      false,
    );
    metrics.configApplied(3);
    let text = '';
    for await (const piece of metrics.text()) text += piece;
    const samples = (exposition: string) =>
      exposition
        .split('\n')
        .filter((line) => !/^(?:#|$|process_|nodejs_|aigw_build_info|aigw_config_|aigw_worker)/.test(line));
    assert.deepEqual(samples(await sumOf([text, worker(1)])), samples(text));
  } finally {
    metrics.close();
  }
});
