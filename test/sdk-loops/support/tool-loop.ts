import assert from 'node:assert/strict';
import type { RecordedRequest } from '../../../src/mock/recorder.ts';
import { APPLICATION_KEY, type LoopFleet, type LoopProvider } from './loop-fleet.ts';
import { signaturesIn } from './signatures.ts';

/** One answer of the model, as an SDK's user reads it. */
export interface LoopStep {
  /** The finish reason in the SDK's own words. */
  finish: string;
  text: string;
  calls: LoopCall[];
  inputTokens: number;
  outputTokens: number;
}

/** A tool call of an answer. `id` is empty where the SDK may not see one. */
export interface LoopCall {
  id: string;
  name: string;
  input: unknown;
}

/** How one SDK runs the loop of three turns. */
export interface LoopClient {
  readonly name: string;
  /** Finish reason of an answer with tool calls. */
  readonly finishOfCalls: string;
  /** Finish reason of the last answer. */
  readonly finishOfText: string;
  /** Whether the SDK returns what the gateway hands out to stand for a thought signature. */
  readonly keepsSignatures: boolean;
  /** Whether thinking is on, and thoughts come back with the calls they led to. */
  readonly thinks?: boolean;
  run(options: { fleet: LoopFleet; provider: LoopProvider; stream: boolean }): Promise<LoopStep[]>;
}

/** A tool of the loop: what the model is told about it, and what it answers. */
export interface LoopTool {
  readonly name: string;
  readonly description: string;
  readonly schema: LoopSchema;
  readonly result: string;
}

/** A JSON schema of an object, as every SDK takes it. */
export interface LoopSchema {
  type: 'object';
  properties: Record<string, Record<string, unknown>>;
  required: string[];
}

/** The tools of the loop. */
export const LOOP_TOOLS: readonly [LoopTool, LoopTool] = [
  {
    name: 'get_weather',
    description: 'The weather of a city on some days',
    schema: {
      type: 'object',
      properties: {
        city: { type: 'string', description: 'Its name in English' },
        unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
        days: { type: 'array', items: { type: 'integer' } },
        place: { type: 'object', properties: { country: { type: 'string' } }, required: ['country'] },
      },
      required: ['city', 'unit', 'days', 'place'],
    },
    result: 'sunny, 21 °C, "dry"\n世界 🌍',
  },
  {
    name: 'get_time',
    description: 'The time in a zone',
    schema: { type: 'object', properties: { zone: { type: 'string' } }, required: ['zone'] },
    result: 'half past twelve',
  },
];

/** The system prompt. */
export const LOOP_SYSTEM = 'You are a careful assistant.';
/** What the user says: the mock then calls every tool at once. */
export const LOOP_QUESTION = 'Please call all tools.';
/** The tool that the second turn demands. */
export const SECOND_TOOL = 'get_time';

/** What a tool of the loop answers. */
export function resultOf(name: string): string {
  const tool = LOOP_TOOLS.find((one) => one.name === name);
  assert.ok(tool, `the model called ${name}, which nobody offered`);
  return tool.result;
}

const INPUTS: Readonly<Record<string, unknown>> = {
  get_weather: { city: 'example city', unit: 'celsius', days: [1], place: { country: 'example country' } },
  get_time: { zone: 'example zone' },
};

/** Checks that the steps are the whole loop: two calls, one call, an answer that tells the last result. */
export function checkLoop(client: LoopClient, steps: readonly LoopStep[]): void {
  assert.equal(steps.length, 3, 'answers');
  const called = steps.map((step) => step.calls.map((call) => call.name));
  assert.deepEqual(called, [['get_weather', 'get_time'], ['get_time'], []]);
  for (const call of steps.flatMap((step) => step.calls)) assert.deepEqual(call.input, INPUTS[call.name]);
  assert.deepEqual(
    steps.map((step) => step.finish),
    [client.finishOfCalls, client.finishOfCalls, client.finishOfText],
  );
  for (const [index, step] of steps.entries()) {
    assert.ok(step.inputTokens > 0 && step.outputTokens > 0, `no usage on answer ${index}: ${JSON.stringify(step)}`);
  }
  const ids = steps.flatMap((step) => step.calls.map((call) => call.id));
  assert.ok(ids.every((id) => id !== '') && new Set(ids).size === ids.length, `ids of calls: ${ids.join(', ')}`);
  // Gemini's clients wrap results in an object.
  assert.match(steps[2]?.text ?? '', /The tool get_time answered: .*half past twelve/);
  assert.doesNotMatch(steps[2]?.text ?? '', /get_weather/, 'results of the last turn only');
}

/** Stands where a Gemini call's signature was lost (https://ai.google.dev/gemini-api/docs/thought-signatures). */
const SIGNATURE_STAND_IN = 'skip_thought_signature_validator';

/** Checks that the provider got all that was said, in its own API and without the application's key. */
export function checkSent(client: LoopClient, provider: LoopProvider, sent: readonly RecordedRequest[]): void {
  assert.equal(sent.length, 3, 'one request to the provider for each answer');
  for (const [index, request] of sent.entries()) {
    assert.match(request.path, provider.path);
    assert.doesNotMatch(JSON.stringify(request), new RegExp(APPLICATION_KEY));
    const texts = stringsIn(JSON.parse(request.body)).join('\n');
    const said = [LOOP_SYSTEM, LOOP_QUESTION, LOOP_TOOLS[1].description];
    // Cohere can force some tool, not one: the others are left out where one is demanded.
    if (index !== 1 || provider.name !== 'cohere') said.push(LOOP_TOOLS[0].description);
    if (index > 0) said.push(...LOOP_TOOLS.map((tool) => tool.result));
    if (client.keepsSignatures) assert.ok(!texts.includes(SIGNATURE_STAND_IN), `request ${index} lost a signature`);
    // OpenAI's chat completions keep thoughts to themselves.
    if (client.thinks === true && provider.signs !== 'nothing' && !request.path.includes('/chat/completions')) {
      assert.ok(signaturesIn(request).length >= index, `request ${index} lost a thought`);
    }
    for (const text of said) assert.ok(texts.includes(text), `request ${index} does not say: ${text}`);
  }
}

/** Every string in a JSON value; text that is itself JSON is read as such. */
function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') {
    if (!value.startsWith('{')) return [value];
    return [value, ...stringsIn(JSON.parse(value))];
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}
