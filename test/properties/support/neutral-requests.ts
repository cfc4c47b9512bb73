import fc from 'fast-check';
import type {
  NeutralMessage,
  NeutralPart,
  NeutralRequest,
  NeutralTool,
} from '../../../src/dialects/neutral/request.ts';
import type { JsonObject } from '../../../src/json/types.ts';

/** What the requests ask of each other: which parts and settings an API has a place for. */
export interface Holds {
  /** Turns, instructions and tools; else one text of a user. */
  conversation: boolean;
  settings: ReadonlySet<Setting>;
}

/** Settings of a neutral request. */
export type Setting =
  | 'maxOutputTokens'
  | 'temperature'
  | 'topP'
  | 'topK'
  | 'seed'
  | 'frequencyPenalty'
  | 'presencePenalty'
  | 'stop'
  | 'responseFormat'
  | 'user';

/** Every setting. */
export const SETTINGS: readonly Setting[] = [
  'maxOutputTokens',
  'temperature',
  'topP',
  'topK',
  'seed',
  'frequencyPenalty',
  'presencePenalty',
  'stop',
  'responseFormat',
  'user',
];

const SCHEMA: JsonObject = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
};

/** Closed, as Anthropic wants them. */
const CLOSED_SCHEMA: JsonObject = { ...SCHEMA, additionalProperties: false };

/** Words with what breaks careless escaping; never blank, which some APIs refuse. */
const words = fc
  .array(fc.constantFrom('hello', 'Zürich', '👋🏽', '"quoted"', 'a\\b', '{"x":1}', '東京', 'two words', '<tag>'), {
    minLength: 1,
    maxLength: 4,
  })
  .map((list) => list.join(' '));
const text = words.map((value): NeutralPart => ({ type: 'text', text: value }));
const image = fc.constantFrom<NeutralPart>(
  { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'iVBORw0KGgoAAAANSUhEUgAA' } },
  { type: 'image', source: { kind: 'base64', mediaType: 'image/jpeg', data: '/9j/4AAQSkZJRgAB' } },
);
const given = fc.record({ city: words, days: fc.nat(30) }, { requiredKeys: ['city'] });
const names = ['get_weather', 'get_traffic'] as const;

const user = fc
  .tuple(text, fc.option(image, { nil: undefined, freq: 4 }))
  .map(([said, shown]): NeutralMessage => ({ role: 'user', content: shown === undefined ? [said] : [said, shown] }));

/** What the model said, or the calls it made and their results; `turn` makes the ids differ. */
const answer = fc.oneof(
  text.map((said) => (_turn: number): NeutralMessage[] => [{ role: 'assistant', content: [said] }]),
  fc
    .tuple(
      fc.option(text, { nil: undefined }),
      fc.array(fc.tuple(fc.constantFrom(...names), given, words), { minLength: 1, maxLength: 3 }),
    )
    .map(([said, calls]) => (turn: number): NeutralMessage[] => {
      const id = (index: number) => `call_${turn}x${index}`;
      const made = calls.map(([name, input], index): NeutralPart => {
        return { type: 'tool-call', id: id(index), name, arguments: JSON.stringify(input) };
      });
      const results = calls.map(([name, , said], index): NeutralPart => {
        return { type: 'tool-result', callId: id(index), name, content: [{ type: 'text', text: said }] };
      });
      return [
        { role: 'assistant', content: said === undefined ? made : [said, ...made] },
        { role: 'tool', content: results },
      ];
    }),
);

const conversation = fc
  .tuple(
    fc.option(words, { nil: undefined }),
    user,
    fc.array(fc.tuple(answer, user), { maxLength: 4 }),
    fc.option(answer, { nil: undefined }),
  )
  .map(([system, first, turns, last]): NeutralMessage[] => {
    const messages: NeutralMessage[] = [];
    if (system !== undefined) messages.push({ role: 'system', content: [{ type: 'text', text: system }] });
    messages.push(first);
    for (const [index, [said, next]] of turns.entries()) messages.push(...said(index), next);
    // The last turn is a user's or the results of calls.
    const closing = last?.(99) ?? [];
    if (closing.at(-1)?.role === 'tool') messages.push(...closing);
    return messages;
  });

const tools = names.map(
  (name): NeutralTool => ({ type: 'function', name, description: `${name} of a city`, parameters: SCHEMA }),
);

/** A number with few digits, so that no spelling of it loses any. */
const share = (top: number) => fc.integer({ min: 1, max: top * 100 - 1 }).map((value) => value / 100);

const settings = fc.record(
  {
    maxOutputTokens: fc.integer({ min: 2000, max: 8000 }),
    temperature: share(1),
    topP: share(0.99),
    topK: fc.integer({ min: 1, max: 100 }),
    seed: fc.nat(1_000_000),
    frequencyPenalty: share(1),
    presencePenalty: share(1),
    stop: fc.uniqueArray(fc.constantFrom('END', 'STOP', '###'), { minLength: 1, maxLength: 3 }),
    responseFormat: fc.constant({ type: 'json-schema' as const, name: 'response', schema: CLOSED_SCHEMA }),
    user: fc.constantFrom('user-1', 'user-2'),
  },
  { requiredKeys: [] },
);

/** Neutral requests that an API with these places can be asked. */
export function neutralRequests(model: string, holds: Holds): fc.Arbitrary<NeutralRequest> {
  const messages = holds.conversation
    ? conversation
    : text.map((said): NeutralMessage[] => [{ role: 'user', content: [said] }]);
  return fc
    .tuple(messages, settings, fc.boolean(), fc.boolean())
    .map(([list, chosen, offered, stream]): NeutralRequest => {
      const uses = list.some(({ content }) => content.some(({ type }) => type === 'tool-call'));
      const wanted = holds.conversation && (offered || uses);
      return { model, stream, messages: list, tools: wanted ? tools : [], ...chosen };
    });
}
