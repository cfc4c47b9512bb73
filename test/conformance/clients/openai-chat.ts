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
  totalOf,
} from '../reading.ts';
import type { Scenario, ScenarioTurn } from '../scenario.ts';

const FINISH = { stop: 'stop', length: 'length', tool_calls: 'tool-calls', content_filter: 'content-filter' };

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
          content: turn.text ?? null,
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
    ...(scenario.toolRequired === true ? { tool_choice: 'required' } : {}),
    ...(scenario.schema === undefined
      ? {}
      : {
          response_format: {
            type: 'json_schema',
            json_schema: { name: 'answer', schema: scenario.schema, strict: true },
          },
        }),
    ...(scenario.think === true ? { reasoning_effort: 'medium' } : {}),
    ...(scenario.maxTokens === undefined ? {} : { max_completion_tokens: scenario.maxTokens }),
    ...(scenario.stop === undefined ? {} : { stop: [scenario.stop] }),
  };
}

function readUsage(reading: Reading, usage: JsonObject): void {
  reading.usage = {
    input: tokenCount(usage['prompt_tokens']),
    cached: tokenCount(objectOf(usage['prompt_tokens_details'])['cached_tokens']),
    output: tokenCount(usage['completion_tokens']),
  };
  assert.equal(usage['total_tokens'], totalOf(reading.usage), 'total_tokens');
}

function readDelta(reading: Reading, delta: JsonObject): void {
  reading.text += stringOf(delta['content']);
  reading.thoughts += stringOf(delta['reasoning_content']);
  for (const part of objectsOf(delta['tool_calls'])) {
    const index = tokenCount(part['index']);
    assert.ok(index <= reading.calls.length, 'a call is left out');
    const fn = objectOf(part['function']);
    if (index === reading.calls.length) {
      assert.equal(part['type'], 'function');
      reading.calls.push({ id: textIn(part['id'], 'id'), name: textIn(fn['name'], 'name'), arguments: '' });
    }
    const call = reading.calls[index];
    if (call !== undefined) call.arguments += stringOf(fn['arguments']);
  }
}

/** OpenAI's chat completions (https://platform.openai.com/docs/api-reference/chat). */
export const openAiChat: ClientAdapter = {
  name: 'openai-chat',
  streamType: 'text/event-stream',
  request: (scenario, { model, stream }) => ({
    path: '/v1/chat/completions',
    body: { model, ...(stream ? { stream, stream_options: { include_usage: true } } : {}), ...body(scenario) },
  }),
  readWhole(answer) {
    assert.equal(answer['object'], 'chat.completion');
    assert.ok(stringOf(answer['id']) !== '' && stringOf(answer['model']) !== '');
    const [choice] = objectsOf(answer['choices']);
    const message = objectIn(objectOf(choice)['message'], 'message');
    assert.equal(message['role'], 'assistant');
    const reading = emptyReading();
    reading.text = stringOf(message['content']);
    reading.thoughts = stringOf(message['reasoning_content']);
    reading.calls = objectsOf(message['tool_calls']).map((call) => {
      const fn = objectOf(call['function']);
      return { id: textIn(call['id'], 'id'), name: stringOf(fn['name']), arguments: stringOf(fn['arguments']) };
    });
    reading.finish = finishWord(FINISH, choice?.['finish_reason']);
    readUsage(reading, objectIn(answer['usage'], 'usage'));
    reading.ended = true;
    return reading;
  },
  readStream(bytes) {
    const reading = emptyReading();
    for (const event of serverSentEvents(bytes)) {
      assert.ok(!reading.ended, 'something follows the end');
      if (event.data === '[DONE]') {
        reading.ended = true;
        continue;
      }
      const chunk = eventBody(event);
      if (chunk['error'] !== undefined) {
        reading.error = openAiChat.readError(chunk);
        continue;
      }
      // Azure's first event tells of its content filter and has no kind.
      if (chunk['object'] !== '') assert.equal(chunk['object'], 'chat.completion.chunk');
      for (const choice of objectsOf(chunk['choices'])) {
        readDelta(reading, objectIn(choice['delta'], 'delta'));
        if (typeof choice['finish_reason'] === 'string') reading.finish = finishWord(FINISH, choice['finish_reason']);
      }
      if (typeof chunk['usage'] === 'object' && chunk['usage'] !== null) readUsage(reading, objectOf(chunk['usage']));
    }
    // Clients stop at the error; what would follow it is optional.
    reading.ended ||= reading.error !== undefined;
    return reading;
  },
  readError(answer) {
    const error = objectIn(answer['error'], 'error');
    // Azure's gate in front of the models gives a code in place of a type.
    textIn(error['type'] ?? error['code'], 'error.type');
    return textIn(error['message'], 'error.message');
  },
};
