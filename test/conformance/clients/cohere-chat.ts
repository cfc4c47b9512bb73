import assert from 'node:assert/strict';
import type { JsonObject } from '../../../src/json/types.ts';
import { objectOf, objectsOf, stringOf } from '../../../src/mock/json-read.ts';
import {
  type ClientAdapter,
  emptyReading,
  eventBody,
  finishWord,
  objectIn,
  type Reading,
  serverSentEvents,
  textIn,
  tokenCount,
} from '../reading.ts';
import type { Scenario, ScenarioTurn } from '../scenario.ts';

const FINISH = { COMPLETE: 'stop', STOP_SEQUENCE: 'stop', MAX_TOKENS: 'length', TOOL_CALL: 'tool-calls' };
const THINKING_BUDGET = 1024;

function messages(turn: ScenarioTurn): JsonObject[] {
  switch (turn.role) {
    case 'user':
      if (turn.image === undefined) return [{ role: 'user', content: turn.text }];
      return [
        {
          role: 'user',
          content: [
            { type: 'text', text: turn.text },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${turn.image}` } },
          ],
        },
      ];
    case 'assistant':
      return [
        {
          role: 'assistant',
          ...(turn.text === undefined ? {} : { content: turn.text }),
          ...(turn.calls === undefined
            ? {}
            : {
                tool_calls: turn.calls.map((call) => ({
                  id: call.id,
                  type: 'function',
                  function: { name: call.name, arguments: JSON.stringify(call.arguments) },
                })),
              }),
        },
      ];
    case 'tool':
      return turn.results.map((result) => ({ role: 'tool', tool_call_id: result.id, content: result.text }));
  }
}

function body(scenario: Scenario): JsonObject {
  return {
    messages: [
      ...(scenario.system === undefined ? [] : [{ role: 'system', content: scenario.system }]),
      ...scenario.turns.flatMap(messages),
    ],
    ...(scenario.tools === undefined
      ? {}
      : { tools: scenario.tools.map((tool) => ({ type: 'function', function: { ...tool } })) }),
    ...(scenario.toolRequired === true ? { tool_choice: 'REQUIRED' } : {}),
    ...(scenario.schema === undefined
      ? {}
      : { response_format: { type: 'json_object', json_schema: scenario.schema } }),
    ...(scenario.think === true ? { thinking: { type: 'enabled', token_budget: THINKING_BUDGET } } : {}),
    ...(scenario.maxTokens === undefined ? {} : { max_tokens: scenario.maxTokens }),
    ...(scenario.stop === undefined ? {} : { stop_sequences: [scenario.stop] }),
  };
}

function readUsage(reading: Reading, usage: JsonObject): void {
  const tokens = objectIn(usage['tokens'], 'usage.tokens');
  reading.usage = {
    input: tokenCount(tokens['input_tokens']),
    cached: tokenCount(usage['cached_tokens']),
    output: tokenCount(tokens['output_tokens']),
  };
}

function takeDelta(reading: Reading, type: string, message: JsonObject): void {
  const call = objectOf(message['tool_calls']);
  const fn = objectOf(call['function']);
  if (type === 'tool-call-start') {
    assert.equal(call['type'], 'function');
    const text = stringOf(fn['arguments']);
    reading.calls.push({ id: textIn(call['id'], 'id'), name: textIn(fn['name'], 'name'), arguments: text });
  } else if (type === 'tool-call-delta') {
    const last = reading.calls.at(-1);
    assert.ok(last !== undefined, 'arguments of no call');
    last.arguments += stringOf(fn['arguments']);
  } else {
    const content = objectOf(message['content']);
    reading.text += stringOf(content['text']);
    reading.thoughts += stringOf(content['thinking']);
  }
}

/** Cohere's chat, version 2 (https://docs.cohere.com/reference/chat). */
export const cohereChat: ClientAdapter = {
  name: 'cohere-chat',
  streamType: 'text/event-stream',
  request: (scenario, { model, stream }) => ({
    path: '/v2/chat',
    body: { model, ...(stream ? { stream } : {}), ...body(scenario) },
  }),
  readWhole(answer) {
    assert.ok(stringOf(answer['id']) !== '');
    const message = objectIn(answer['message'], 'message');
    assert.equal(message['role'], 'assistant');
    const reading = emptyReading();
    for (const part of objectsOf(message['content'])) {
      reading.text += stringOf(part['text']);
      reading.thoughts += stringOf(part['thinking']);
    }
    for (const call of objectsOf(message['tool_calls'])) {
      const fn = objectOf(call['function']);
      const text = textIn(fn['arguments'], 'arguments');
      reading.calls.push({ id: textIn(call['id'], 'id'), name: textIn(fn['name'], 'name'), arguments: text });
    }
    reading.finish = finishWord(FINISH, answer['finish_reason']);
    readUsage(reading, objectIn(answer['usage'], 'usage'));
    reading.ended = true;
    return reading;
  },
  readStream(bytes) {
    const reading = emptyReading();
    for (const frame of serverSentEvents(bytes)) {
      if (frame.data === '[DONE]') continue;
      const event = eventBody(frame);
      assert.equal(frame.name, event['type'], 'name and type of an event');
      assert.ok(!reading.ended, 'something follows the end');
      const delta = objectOf(event['delta']);
      if (frame.name !== 'message-end') {
        takeDelta(reading, frame.name, objectOf(delta['message']));
        continue;
      }
      reading.ended = true;
      if (delta['finish_reason'] === 'ERROR') {
        reading.error = textIn(delta['error'], 'error');
      } else {
        reading.finish = finishWord(FINISH, delta['finish_reason']);
        readUsage(reading, objectIn(delta['usage'], 'usage'));
      }
    }
    return reading;
  },
  readError: (answer) => textIn(answer['message'], 'message'),
};
