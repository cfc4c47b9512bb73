import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Dialect } from '../../src/dialects/dialect.ts';
import type { NeutralEvent, NeutralResponse } from '../../src/dialects/neutral/response.ts';
import { emptyUsage, inputTotal, type Usage } from '../../src/dialects/neutral/usage.ts';
import { answerContext, onWire, providerContext, sidesOf } from '../../src/dialects/openai/support.test.ts';
import { dialect } from '../../src/dialects/registry.ts';
import { createFrameSource } from '../../src/exchange/relay/frames.ts';
import { recordProviderAnswers } from './support/provider-streams.ts';
import { BOTH_SIDED, eventsIn, streamFor, usageIn } from './support/translate.ts';

const ANSWERS = await recordProviderAnswers();

for (const answer of ANSWERS) {
  const api = dialect(answer.dialect);
  const header = (name: string) => answer.wholeHeaders.get(name) ?? undefined;

  test(`a stream counts what the whole answer counts, read along or translated: ${answer.name}`, () => {
    const { provider } = sidesOf(api);
    const whole = provider.decodeResponse(answer.whole, { ...providerContext(), header }).usage;
    assert.ok(whole !== undefined && inputTotal(whole) > 0 && whole.output > 0);
    assert.deepEqual(usageIn(eventsIn(api, [answer.stream], answer.envelope)), whole, 'translated');
    const observer = api.usage.createStreamObserver();
    const source = createFrameSource(api, answer.envelope, ({ event, data }) => observer.frame(event, data));
    source.push(answer.stream);
    source.end();
    assert.deepEqual(observer.usage, whole, 'read along in the stream');
    assert.deepEqual([observer.complete, observer.error], [true, undefined]);
    const fields = Object.fromEntries(api.usage.fields.map((name) => [name, answer.whole[name] ?? null]));
    const read = api.usage.read(fields).usage;
    // The prompt of a whole answer of TGI is counted in its headers.
    assert.deepEqual(api.name === 'tgi' ? { ...read, input: whole.input } : read, whole, 'read along in the answer');
  });
}

const counts = fc
  .record({
    input: fc.nat(100_000),
    cacheRead: fc.nat(100_000),
    cacheWrite: fc.nat(1000),
    visible: fc.nat(10_000),
    reasoning: fc.nat(10_000),
  })
  .map(({ visible, reasoning, ...rest }): Usage => {
    return { ...emptyUsage(), ...rest, reasoning, output: visible + reasoning };
  });

const wholeAnswer = (usage: Usage): NeutralResponse => ({
  id: 'answer-1',
  model: 'model-1',
  candidates: [{ index: 0, content: [{ type: 'text', text: 'Hi' }], finishReason: 'stop' }],
  usage,
});

/** `late`: the count comes behind the reason, as in OpenAI's streams; `early`: also a first one, as in Anthropic's. */
const streamedAnswer = (usage: Usage, { late, early }: { late: boolean; early: boolean }): NeutralEvent[] => {
  const count: NeutralEvent = { type: 'usage', usage };
  const finish: NeutralEvent = { type: 'finish', candidate: 0, finishReason: 'stop' };
  return [
    { type: 'start', id: 'answer-1', model: 'model-1' },
    ...(early ? [{ type: 'usage' as const, usage: { ...usage, output: 0, reasoning: 0 } }] : []),
    { type: 'text-start', candidate: 0, block: 0 },
    { type: 'text-delta', candidate: 0, block: 0, text: 'Hi' },
    { type: 'text-end', candidate: 0, block: 0 },
    ...(late ? [finish, count] : [count, finish]),
    { type: 'end' },
  ];
};

function overWhole(api: Dialect, usage: Usage): Usage {
  const { client, provider } = sidesOf(api);
  const body = onWire(client.encodeResponse(wholeAnswer(usage), answerContext()));
  return provider.decodeResponse(body, providerContext()).usage ?? emptyUsage();
}

function overStream(api: Dialect, events: readonly NeutralEvent[]): Usage {
  return usageIn(eventsIn(api, [streamFor(api, events)])) ?? emptyUsage();
}

/** What every API counts. A whole answer of TGI does not count its prompt. */
const totals = (usage: Usage, api: Dialect, streamed: boolean) => ({
  input: api.name === 'tgi' && !streamed ? 'untold' : inputTotal(usage),
  output: usage.output,
});

const order = fc.record({ late: fc.boolean(), early: fc.boolean() });

for (const api of BOTH_SIDED) {
  test(`property: ${api.name} counts what it is given, whole and streamed`, () => {
    fc.assert(
      fc.property(counts, order, (usage, when) => {
        const whole = overWhole(api, usage);
        assert.deepEqual(totals(whole, api, false), totals(usage, api, false));
        const streamed = overStream(api, streamedAnswer(usage, when));
        assert.deepEqual(totals(streamed, api, true), totals(usage, api, true));
        if (api.name !== 'tgi') assert.deepEqual(streamed, whole, 'streamed and whole');
      }),
      { numRuns: 60 },
    );
  });

  for (const next of BOTH_SIDED.filter((one) => one !== api)) {
    test(`property: tokens counted by ${api.name} are what a client of ${next.name} is told`, () => {
      fc.assert(
        fc.property(counts, order, (usage, when) => {
          const events = eventsIn(api, [streamFor(api, streamedAnswer(usage, when))]);
          assert.deepEqual(totals(overStream(next, events), next, true), totals(usage, next, true));
          const known = usageIn(events) ?? emptyUsage();
          assert.deepEqual(totals(overWhole(next, known), next, false), totals(usage, next, false));
        }),
        { numRuns: 20 },
      );
    });
  }
}
