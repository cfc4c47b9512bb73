import assert from 'node:assert/strict';
import type { JsonObject } from '../../../src/json/types.ts';
import { objectOf, objectsOf, stringOf } from '../../../src/mock/json-read.ts';
import {
  type ClientAdapter,
  emptyReading,
  finishWord,
  jsonLines,
  objectIn,
  type Reading,
  textIn,
  tokenCount,
} from '../reading.ts';
import type { AskOptions, Scenario, ScenarioTurn } from '../scenario.ts';

const FINISH = { stop: 'stop', length: 'length' };

function messages(turn: ScenarioTurn): JsonObject[] {
  switch (turn.role) {
    case 'user':
      return [{ role: 'user', content: turn.text, ...(turn.image === undefined ? {} : { images: [turn.image] }) }];
    case 'assistant':
      return [
        {
          role: 'assistant',
          content: turn.text ?? '',
          ...(turn.calls === undefined
            ? {}
            : {
                tool_calls: turn.calls.map(({ name, arguments: given }) => ({ function: { name, arguments: given } })),
              }),
        },
      ];
    case 'tool':
      return turn.results.map((result) => ({ role: 'tool', tool_name: result.name, content: result.text }));
  }
}

/** What both forms have. A stream is what a request gets that does not say. */
function settings(scenario: Scenario, { model, stream }: AskOptions): JsonObject {
  const options = {
    ...(scenario.maxTokens === undefined ? {} : { num_predict: scenario.maxTokens }),
    ...(scenario.stop === undefined ? {} : { stop: [scenario.stop] }),
  };
  return {
    model,
    ...(stream ? {} : { stream }),
    ...(scenario.schema === undefined ? {} : { format: scenario.schema }),
    ...(scenario.think === true ? { think: true } : {}),
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
}

function chatBody(scenario: Scenario, options: AskOptions): JsonObject {
  return {
    ...settings(scenario, options),
    messages: [
      ...(scenario.system === undefined ? [] : [{ role: 'system', content: scenario.system }]),
      ...scenario.turns.flatMap(messages),
    ],
    ...(scenario.tools === undefined
      ? {}
      : { tools: scenario.tools.map((tool) => ({ type: 'function', function: { ...tool } })) }),
  };
}

function generateBody(scenario: Scenario, options: AskOptions): JsonObject {
  const [turn] = scenario.turns;
  assert.ok(scenario.turns.length === 1 && turn?.role === 'user');
  return {
    ...settings(scenario, options),
    ...(scenario.system === undefined ? {} : { system: scenario.system }),
    prompt: turn.text,
    ...(turn.image === undefined ? {} : { images: [turn.image] }),
  };
}

/** Takes a whole answer or one line of a stream. The last has the counts; what a cache held is not told. */
function take(reading: Reading, body: JsonObject, form: 'chat' | 'generate'): void {
  assert.ok(!reading.ended, 'something follows the end');
  textIn(body['model'], 'model');
  assert.ok(Number.isFinite(Date.parse(textIn(body['created_at'], 'created_at'))));
  const message = form === 'chat' ? objectIn(body['message'], 'message') : body;
  if (form === 'chat') assert.equal(message['role'], 'assistant');
  reading.text += textIn(form === 'chat' ? message['content'] : body['response'], 'text');
  reading.thoughts += stringOf(message['thinking']);
  for (const call of objectsOf(message['tool_calls'])) {
    const fn = objectOf(call['function']);
    const given = JSON.stringify(objectIn(fn['arguments'], 'arguments'));
    reading.calls.push({ id: stringOf(call['id']), name: textIn(fn['name'], 'name'), arguments: given });
  }
  assert.equal(typeof body['done'], 'boolean');
  if (body['done'] !== true) return;
  reading.ended = true;
  const finish = finishWord(FINISH, body['done_reason']);
  // The API has no word of its own for it.
  reading.finish = finish === 'stop' && reading.calls.length > 0 ? 'tool-calls' : finish;
  const input = tokenCount(body['prompt_eval_count']);
  reading.usage = { input, cached: undefined, output: tokenCount(body['eval_count']) };
}

function adapter(
  form: 'chat' | 'generate',
  write: (scenario: Scenario, options: AskOptions) => JsonObject,
  cannotAsk: (scenario: Scenario) => string | undefined,
): ClientAdapter {
  const readError = (answer: JsonObject) => textIn(answer['error'], 'error');
  return {
    name: `ollama-${form}`,
    streamType: 'application/x-ndjson',
    request: (scenario, options) => ({ path: `/api/${form}`, body: write(scenario, options) }),
    cannotAsk,
    readWhole(answer) {
      const reading = emptyReading();
      take(reading, answer, form);
      return reading;
    },
    readStream(bytes) {
      const reading = emptyReading();
      for (const line of jsonLines(bytes)) {
        if (line['error'] === undefined) take(reading, line, form);
        else {
          reading.error = readError(line);
          reading.ended = true;
        }
      }
      return reading;
    },
    readError,
  };
}

/** Ollama's chat (https://docs.ollama.com/api/chat). */
export const ollamaChat = adapter('chat', chatBody, ({ toolRequired }) =>
  toolRequired === true ? 'Ollama has no tool choice.' : undefined,
);

/** Ollama's completion of a prompt (https://docs.ollama.com/api/generate). */
export const ollamaGenerate = adapter('generate', generateBody, ({ turns, tools }) =>
  tools !== undefined || turns.length > 1 ? 'A prompt has neither turns nor tools.' : undefined,
);
