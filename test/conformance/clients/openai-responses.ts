import assert from 'node:assert/strict';
import type { JsonObject } from '../../../src/json/types.ts';
import { objectOf, objectsOf, stringOf } from '../../../src/mock/json-read.ts';
import {
  type ClientAdapter,
  emptyReading,
  eventBody,
  objectIn,
  type Reading,
  serverSentEvents,
  textIn,
  tokenCount,
  totalOf,
} from '../reading.ts';
import type { Scenario, ScenarioTurn } from '../scenario.ts';
import { openAiChat } from './openai-chat.ts';

function items(turn: ScenarioTurn): JsonObject[] {
  switch (turn.role) {
    case 'user':
      return [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: turn.text },
            ...(turn.image === undefined
              ? []
              : [{ type: 'input_image', detail: 'auto', image_url: `data:image/png;base64,${turn.image}` }]),
          ],
        },
      ];
    case 'assistant':
      return [
        ...(turn.text === undefined ? [] : [{ role: 'assistant', content: turn.text }]),
        ...(turn.calls ?? []).map((call) => ({
          type: 'function_call',
          call_id: call.id,
          name: call.name,
          arguments: JSON.stringify(call.arguments),
        })),
      ];
    case 'tool':
      return turn.results.map((result) => ({ type: 'function_call_output', call_id: result.id, output: result.text }));
  }
}

function body(scenario: Scenario): JsonObject {
  return {
    ...(scenario.system === undefined ? {} : { instructions: scenario.system }),
    input: scenario.turns.flatMap(items),
    ...(scenario.tools === undefined
      ? {}
      : { tools: scenario.tools.map((tool) => ({ type: 'function', ...tool, strict: false })) }),
    ...(scenario.toolRequired === true ? { tool_choice: 'required' } : {}),
    ...(scenario.schema === undefined
      ? {}
      : { text: { format: { type: 'json_schema', name: 'answer', schema: scenario.schema, strict: true } } }),
    ...(scenario.think === true ? { reasoning: { effort: 'medium', summary: 'auto' } } : {}),
    ...(scenario.maxTokens === undefined ? {} : { max_output_tokens: scenario.maxTokens }),
  };
}

function readResponse(response: JsonObject): Reading {
  assert.equal(response['object'], 'response');
  const reading = emptyReading();
  for (const item of objectsOf(response['output'])) {
    switch (item['type']) {
      case 'message':
        for (const part of objectsOf(item['content'])) reading.text += stringOf(part['text']);
        break;
      case 'reasoning':
        for (const part of [...objectsOf(item['summary']), ...objectsOf(item['content'])]) {
          reading.thoughts += stringOf(part['text']);
        }
        break;
      case 'function_call':
        reading.calls.push({
          id: textIn(item['call_id'], 'call_id'),
          name: textIn(item['name'], 'name'),
          arguments: textIn(item['arguments'], 'arguments'),
        });
        break;
      default:
        assert.fail(`unknown item ${String(item['type'])}`);
    }
  }
  if (response['status'] === 'completed') reading.finish = reading.calls.length > 0 ? 'tool-calls' : 'stop';
  else if (objectOf(response['incomplete_details'])['reason'] === 'max_output_tokens') reading.finish = 'length';
  else reading.finish = String(response['status']);
  const usage = objectIn(response['usage'], 'usage');
  reading.usage = {
    input: tokenCount(usage['input_tokens']),
    cached: tokenCount(objectIn(usage['input_tokens_details'], 'input_tokens_details')['cached_tokens']),
    output: tokenCount(usage['output_tokens']),
  };
  assert.equal(usage['total_tokens'], totalOf(reading.usage), 'total_tokens');
  reading.ended = true;
  return reading;
}

/** What the deltas say must be what the last event says. */
interface Deltas {
  text: string;
  thoughts: string;
  /** Arguments by output index. */
  calls: Map<number, string>;
}

function takeDelta(deltas: Deltas, event: JsonObject): void {
  const delta = stringOf(event['delta']);
  switch (event['type']) {
    case 'response.output_text.delta':
      deltas.text += delta;
      break;
    case 'response.reasoning_summary_text.delta':
    case 'response.reasoning_text.delta':
      deltas.thoughts += delta;
      break;
    case 'response.function_call_arguments.delta': {
      const index = tokenCount(event['output_index']);
      deltas.calls.set(index, (deltas.calls.get(index) ?? '') + delta);
      break;
    }
    default:
      break;
  }
}

/** OpenAI's responses (https://platform.openai.com/docs/api-reference/responses). */
export const openAiResponses: ClientAdapter = {
  name: 'openai-responses',
  streamType: 'text/event-stream',
  request: (scenario, { model, stream }) => ({
    path: '/v1/responses',
    body: { model, ...(stream ? { stream } : {}), ...body(scenario) },
  }),
  readWhole: readResponse,
  readStream(bytes) {
    const deltas: Deltas = { text: '', thoughts: '', calls: new Map() };
    let reading: Reading | undefined;
    let error: string | undefined;
    for (const frame of serverSentEvents(bytes)) {
      const event = eventBody(frame);
      assert.equal(frame.name, event['type'], 'name and type of an event');
      takeDelta(deltas, event);
      const response = objectOf(event['response']);
      if (event['type'] === 'response.completed' || event['type'] === 'response.incomplete') {
        reading = readResponse(response);
      } else if (event['type'] === 'response.failed') {
        error ??= textIn(objectIn(response['error'], 'error')['message'], 'error.message');
      } else if (event['type'] === 'error') {
        error ??= textIn(event['message'], 'message');
      }
    }
    if (reading === undefined) {
      const cut = { ...emptyReading(), text: deltas.text, thoughts: deltas.thoughts };
      return { ...cut, error, ended: error !== undefined };
    }
    assert.equal(deltas.text, reading.text, 'the deltas of the text');
    assert.equal(deltas.thoughts, reading.thoughts, 'the deltas of the thoughts');
    const streamed = [...deltas.calls.values()].map((text) => JSON.parse(text) as unknown);
    const whole = reading.calls.map((call) => JSON.parse(call.arguments) as unknown);
    assert.deepEqual(streamed, whole, 'the deltas of the calls');
    return { ...reading, error };
  },
  readError: openAiChat.readError,
};
