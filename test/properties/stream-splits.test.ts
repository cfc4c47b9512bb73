import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NeutralEvent } from '../../src/dialects/neutral/response.ts';
import { dialect } from '../../src/dialects/registry.ts';
import { type ProviderAnswers, recordProviderAnswers } from './support/provider-streams.ts';
import { CLIENT_DIALECTS, cutAt, eventsIn, streamFor } from './support/translate.ts';

const ANSWERS = await recordProviderAnswers();
const eventsOf = (answer: ProviderAnswers, pieces: readonly Uint8Array[]): NeutralEvent[] =>
  eventsIn(dialect(answer.dialect), pieces, answer.envelope);

/** Pieces of a few bytes, down to empty ones, or of any size. */
const cuts = fc.oneof(
  fc.array(fc.nat(100_000), { maxLength: 30 }),
  fc.integer({ min: 1, max: 5 }).map((size) => Array.from({ length: 20_000 }, (_, index) => index * size)),
);

test('every provider API that translates is asked', () => {
  const asked = new Set(ANSWERS.map((answer) => answer.dialect));
  const providers = CLIENT_DIALECTS.filter(({ provider }) => provider !== undefined).map(({ name }) => name);
  assert.deepEqual(
    providers.filter((name) => !asked.has(name)),
    [],
  );
});

for (const answer of ANSWERS) {
  test(`property: however the bytes are cut, every client gets the same: ${answer.name}`, () => {
    const events = eventsOf(answer, [answer.stream]);
    assert.equal(events.at(-1)?.type, 'end');
    const wanted = CLIENT_DIALECTS.map((client) => streamFor(client, events));
    fc.assert(
      fc.property(cuts, fc.nat(CLIENT_DIALECTS.length - 1), (positions, index) => {
        const cut = eventsOf(answer, cutAt(answer.stream, positions));
        assert.deepEqual(cut, events);
        const client = CLIENT_DIALECTS[index];
        if (client !== undefined) assert.ok(streamFor(client, cut).equals(wanted[index] ?? Buffer.of()), client.name);
      }),
      { numRuns: 40 },
    );
    for (const [index, client] of CLIENT_DIALECTS.entries()) {
      assert.ok(streamFor(client, events).equals(wanted[index] ?? Buffer.of()), `${client.name} is not repeatable`);
    }
  });

  test(`property: wherever the bytes end too early, the answer is not taken for whole: ${answer.name}`, () => {
    const whole = eventsOf(answer, [answer.stream]);
    const text = (events: readonly NeutralEvent[]) =>
      events.map((event) => (event.type === 'text-delta' ? event.text : '')).join('');
    fc.assert(
      fc.property(fc.nat(answer.stream.length - 1), (end) => {
        let events: NeutralEvent[];
        try {
          events = eventsOf(answer, [answer.stream.subarray(0, end)]);
        } catch {
          // A frame that was cut within is refused by its framer.
          return;
        }
        const last = events.at(-1);
        assert.ok(last?.type === 'end' || last?.type === 'error');
        assert.ok(text(whole).startsWith(text(events)), 'text that was never sent');
        // What follows the last words may be missing, and the answer is whole all the same.
        if (last.type !== 'end') return;
        assert.equal(text(events), text(whole));
        assert.ok(events.some(({ type }) => type === 'finish'));
      }),
      { numRuns: 60 },
    );
  });
}

for (const answer of ANSWERS) {
  const { framing } = dialect(answer.dialect);
  if (framing !== 'sse' || answer.envelope === 'bedrock-invoke') continue;
  test(`line ends are as the sender likes them: ${answer.name}`, () => {
    const events = eventsOf(answer, [answer.stream]);
    for (const end of ['\r\n', '\r']) {
      const text = answer.stream.toString('utf8').replaceAll('\r\n', '\n').replaceAll('\n', end);
      assert.deepEqual(eventsOf(answer, [Buffer.from(text)]), events);
      assert.deepEqual(eventsOf(answer, cutAt(Buffer.from(text), [1, 7, 40, 41, 42, 99, 500])), events);
    }
  });
}
