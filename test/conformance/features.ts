import assert from 'node:assert/strict';
import type { JsonObject } from '../../src/json/types.ts';
import { countTokens } from '../../src/mock/brain/tokens.ts';
import type { ProviderRow } from './providers.ts';
import type { ClientAdapter, Reading } from './reading.ts';
import type { Scenario, ScenarioTool } from './scenario.ts';

/** What came of a scenario. */
export interface FeatureResult {
  reading: Reading;
  client: ClientAdapter;
  provider: ProviderRow;
  /** The body that the provider got, as text. */
  sent: string;
}

/** A scenario that is answered, and what the answer must be. */
export interface Feature {
  readonly name: string;
  readonly scenario: Scenario;
  readonly stream: boolean;
  /** Headers that steer the mock. */
  readonly headers?: Readonly<Record<string, string>>;
  check(result: FeatureResult): void;
}

/** A request that fails, and the status and headers the client must see. */
export interface Failure {
  readonly name: string;
  readonly stream: boolean;
  readonly headers: Readonly<Record<string, string>>;
  /** Status of the answer; 200 for an error inside a stream. */
  readonly status: number;
  readonly answerHeaders?: Readonly<Record<string, string>>;
  /** What the error's message must say. */
  readonly message: RegExp;
}

const QUESTION = 'How are you today?';
const LONG_QUESTION = 'Tell me something long and wise about the sea.';
const ABOUT = /^You said: (.*?) (?:I received 1 image\. )?This is the demo model of aigw:/;
/** A PNG of one pixel. */
const IMAGE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const PLACE: JsonObject = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};
const WEATHER: ScenarioTool = { name: 'get_weather', description: 'The weather of a city.', parameters: PLACE };
const TRAFFIC: ScenarioTool = { name: 'get_traffic', description: 'The traffic of a city.', parameters: PLACE };

/** Two tools of one form. */
export const TOOLS: readonly ScenarioTool[] = [WEATHER, TRAFFIC];

const ask = (text: string): Scenario => ({ turns: [{ role: 'user', text }] });

function usageOf(reading: Reading): NonNullable<Reading['usage']> {
  assert.ok(reading.usage !== undefined, 'there is no usage');
  return reading.usage;
}

/** Checks the counts that the API tells. */
function checkInput(reading: Reading, expected: { input: number; cached: number }): void {
  const { input, cached } = usageOf(reading);
  const known = { input: input ?? expected.input, cached: cached ?? expected.cached };
  assert.deepEqual(known, expected, 'input tokens');
}

function checkText({ reading }: FeatureResult, question = QUESTION): void {
  assert.equal(ABOUT.exec(reading.text)?.[1], question, 'the text');
  assert.equal(reading.finish, 'stop', 'the finish reason');
  const usage = usageOf(reading);
  if (usage.input !== undefined) assert.ok(usage.input >= countTokens(question), 'input tokens');
  assert.equal(usage.output, countTokens(reading.text) + countTokens(reading.thoughts), 'output tokens');
}

function checkCalls({ reading }: FeatureResult, names: readonly string[]): void {
  assert.deepEqual(
    reading.calls.map((call) => call.name),
    names,
    'the tools called',
  );
  assert.equal(new Set(reading.calls.map((call) => call.id)).size, names.length, 'the ids differ');
  for (const call of reading.calls) {
    const given = JSON.parse(call.arguments) as Record<string, unknown>;
    assert.deepEqual(Object.keys(given).sort(), ['city', 'days'], 'the arguments');
    assert.equal(typeof given['city'], 'string');
    assert.ok(Number.isInteger(given['days']));
  }
  assert.equal(reading.text, '', 'no text beside the calls');
  assert.equal(reading.finish, 'tool-calls', 'the finish reason');
}

/** The mock's thought about the question. */
const THOUGHT = `The user says: ${QUESTION} A short and friendly answer will do.`;

function checkThoughts(result: FeatureResult): void {
  const { reading, client, provider } = result;
  assert.equal(ABOUT.exec(reading.text)?.[1], QUESTION, 'the text');
  const hidden =
    (provider.thoughts === 'in-responses' && client.name !== 'openai-responses') ||
    (provider.thoughts === 'asked' && client.name === 'openai-chat');
  assert.equal(reading.thoughts, hidden ? '' : THOUGHT, 'the thoughts');
  assert.equal(usageOf(reading).output, countTokens(THOUGHT) + countTokens(reading.text), 'output tokens');
  assert.equal(reading.finish, 'stop', 'the finish reason');
}

function both(feature: Omit<Feature, 'stream'>): Feature[] {
  return [
    { ...feature, stream: false },
    { ...feature, name: `${feature.name}, streamed`, stream: true },
  ];
}

/** What every client must get from every provider. */
export const FEATURES: readonly Feature[] = [
  ...both({
    name: 'text',
    scenario: ask(QUESTION),
    check(result) {
      checkText(result);
      checkInput(result.reading, { input: countTokens(QUESTION), cached: 0 });
    },
  }),
  {
    name: 'system',
    scenario: { system: 'Answer as a pirate would.', ...ask(QUESTION) },
    stream: false,
    check(result) {
      checkText(result);
      assert.match(result.sent, /Answer as a pirate would\./);
    },
  },
  {
    name: 'turns',
    scenario: {
      turns: [
        { role: 'user', text: 'My name is Ada.' },
        { role: 'assistant', text: 'Hello Ada!' },
        { role: 'user', text: QUESTION },
      ],
    },
    stream: false,
    check(result) {
      checkText(result);
      assert.match(result.sent, /My name is Ada\..*Hello Ada!/);
    },
  },
  ...both({
    name: 'tool',
    scenario: { ...ask('Please call the tool.'), tools: TOOLS },
    check: (result) => checkCalls(result, ['get_weather']),
  }),
  ...both({
    name: 'parallel tools',
    scenario: { ...ask('Please call all tools.'), tools: TOOLS },
    check: (result) => checkCalls(result, ['get_weather', 'get_traffic']),
  }),
  {
    name: 'tool required',
    scenario: { ...ask(QUESTION), tools: TOOLS, toolRequired: true },
    stream: false,
    check: (result) => checkCalls(result, ['get_weather']),
  },
  {
    name: 'tool results',
    scenario: {
      turns: [
        { role: 'user', text: 'How is it in Oslo and Rome?' },
        {
          role: 'assistant',
          calls: [
            { id: 'call_oslo1', name: 'get_weather', arguments: { city: 'Oslo', days: 1 } },
            { id: 'call_rome1', name: 'get_weather', arguments: { city: 'Rome', days: 1 } },
          ],
        },
        {
          role: 'tool',
          results: [
            { id: 'call_oslo1', name: 'get_weather', text: 'It snows.' },
            { id: 'call_rome1', name: 'get_weather', text: 'It is sunny.' },
          ],
        },
      ],
      tools: [WEATHER],
    },
    stream: false,
    check({ reading }) {
      assert.match(
        reading.text,
        /The tool get_weather answered: .*It snows\..*The tool get_weather answered: .*It is sunny\./,
      );
      assert.equal(reading.finish, 'stop', 'the finish reason');
    },
  },
  {
    name: 'image',
    scenario: { turns: [{ role: 'user', text: QUESTION, image: IMAGE }] },
    stream: false,
    check(result) {
      checkText(result);
      assert.match(result.reading.text, /I received 1 image\./);
      assert.ok(result.sent.includes(IMAGE), 'the bytes of the image');
    },
  },
  ...both({
    name: 'JSON schema',
    scenario: { ...ask('Where shall I go? Answer in JSON.'), schema: PLACE },
    check({ reading }) {
      const given = JSON.parse(reading.text) as Record<string, unknown>;
      assert.deepEqual(Object.keys(given).sort(), ['city', 'days'], 'the fields of the answer');
      assert.equal(reading.finish, 'stop', 'the finish reason');
    },
  }),
  ...both({ name: 'reasoning', scenario: { ...ask(QUESTION), think: true }, check: checkThoughts }),
  {
    name: 'length',
    scenario: { ...ask(QUESTION), maxTokens: 16 },
    stream: false,
    check({ reading }) {
      assert.equal(usageOf(reading).output, 16, 'output tokens');
      assert.equal(reading.finish, 'length', 'the finish reason');
    },
  },
  ...both({
    name: 'cached usage',
    scenario: ask(LONG_QUESTION),
    headers: { 'x-mock-cached-tokens': '8' },
    check({ reading, client, provider }) {
      const total = countTokens(LONG_QUESTION);
      const billed = provider.cacheUnbilled === true && client.name !== 'cohere-chat';
      checkInput(reading, billed ? { input: total - 8, cached: 0 } : { input: total, cached: 8 });
    },
  }),
];

/** What is asked in requests that fail. */
export const FAILING: Scenario = ask(QUESTION);

/** How errors of every provider must reach every client. */
export const FAILURES: readonly Failure[] = [
  {
    name: 'error 400',
    stream: false,
    headers: { 'x-mock-fail': '400' },
    status: 400,
    message: /The request is invalid/,
  },
  {
    name: 'error 429',
    stream: true,
    headers: { 'x-mock-fail': '429' },
    status: 429,
    answerHeaders: { 'retry-after': '1' },
    message: /Rate limit reached/,
  },
  {
    name: 'error 500',
    stream: false,
    headers: { 'x-mock-fail': '500' },
    status: 500,
    message: /The service answered 500/,
  },
  { name: 'error in stream', stream: true, headers: { 'x-mock-fail': 'error-event' }, status: 200, message: /./ },
  { name: 'cut stream', stream: true, headers: { 'x-mock-fail': 'cut' }, status: 200, message: /./ },
];
