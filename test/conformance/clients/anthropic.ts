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

const FINISH = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool-calls',
  refusal: 'content-filter',
};
/** More than the budget of thinking. */
const MAX_TOKENS = 4096;
const THINKING_BUDGET = 1024;

function message(turn: ScenarioTurn): JsonObject {
  switch (turn.role) {
    case 'user':
      if (turn.image === undefined) return { role: 'user', content: turn.text };
      return {
        role: 'user',
        content: [
          { type: 'text', text: turn.text },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: turn.image } },
        ],
      };
    case 'assistant':
      return {
        role: 'assistant',
        content: [
          ...(turn.text === undefined ? [] : [{ type: 'text', text: turn.text }]),
          ...(turn.calls ?? []).map((call) => ({
            type: 'tool_use',
            id: call.id,
            name: call.name,
            input: call.arguments,
          })),
        ],
      };
    case 'tool':
      return {
        role: 'user',
        content: turn.results.map((result) => ({
          type: 'tool_result',
          tool_use_id: result.id,
          content: result.text,
        })),
      };
  }
}

function body(scenario: Scenario): JsonObject {
  return {
    max_tokens: scenario.maxTokens ?? MAX_TOKENS,
    ...(scenario.system === undefined ? {} : { system: scenario.system }),
    messages: scenario.turns.map(message),
    ...(scenario.tools === undefined
      ? {}
      : {
          tools: scenario.tools.map(({ name, description, parameters }) => ({
            name,
            description,
            input_schema: parameters,
          })),
        }),
    ...(scenario.toolRequired === true ? { tool_choice: { type: 'any' } } : {}),
    ...(scenario.schema === undefined
      ? {}
      : { output_config: { format: { type: 'json_schema', schema: scenario.schema } } }),
    ...(scenario.think === true ? { thinking: { type: 'enabled', budget_tokens: THINKING_BUDGET } } : {}),
    ...(scenario.stop === undefined ? {} : { stop_sequences: [scenario.stop] }),
  };
}

function readUsage(reading: Reading, usage: JsonObject): void {
  const cached = tokenCount(usage['cache_read_input_tokens']);
  const written = tokenCount(usage['cache_creation_input_tokens']);
  reading.usage = {
    input: tokenCount(usage['input_tokens']) + cached + written,
    cached,
    output: tokenCount(usage['output_tokens']),
  };
}

/** A block of a stream that is not closed yet. */
interface OpenBlock {
  type: string;
  json: string;
}

function takeDelta(reading: Reading, block: OpenBlock, delta: JsonObject): void {
  switch (delta['type']) {
    case 'text_delta':
      assert.equal(block.type, 'text');
      reading.text += textIn(delta['text'], 'text');
      break;
    case 'thinking_delta':
      assert.equal(block.type, 'thinking');
      reading.thoughts += textIn(delta['thinking'], 'thinking');
      break;
    case 'signature_delta':
      assert.equal(block.type, 'thinking');
      break;
    case 'input_json_delta':
      assert.equal(block.type, 'tool_use');
      block.json += textIn(delta['partial_json'], 'partial_json');
      break;
    default:
      assert.fail(`unknown delta ${String(delta['type'])}`);
  }
}

/** Anthropic's messages (https://docs.anthropic.com/en/api/messages). */
export const anthropic: ClientAdapter = {
  name: 'anthropic',
  streamType: 'text/event-stream',
  request: (scenario, { model, stream }) => ({
    path: '/v1/messages',
    body: { model, ...(stream ? { stream } : {}), ...body(scenario) },
  }),
  readWhole(answer) {
    assert.equal(answer['type'], 'message');
    assert.equal(answer['role'], 'assistant');
    assert.ok(stringOf(answer['id']) !== '' && stringOf(answer['model']) !== '');
    const reading = emptyReading();
    for (const block of objectsOf(answer['content'])) {
      if (block['type'] === 'text') reading.text += textIn(block['text'], 'text');
      else if (block['type'] === 'thinking') reading.thoughts += textIn(block['thinking'], 'thinking');
      else if (block['type'] === 'tool_use') {
        reading.calls.push({
          id: textIn(block['id'], 'id'),
          name: textIn(block['name'], 'name'),
          arguments: JSON.stringify(objectIn(block['input'], 'input')),
        });
      }
    }
    reading.finish = finishWord(FINISH, answer['stop_reason']);
    readUsage(reading, objectIn(answer['usage'], 'usage'));
    reading.ended = true;
    return reading;
  },
  readStream(bytes) {
    const reading = emptyReading();
    let usage: JsonObject = {};
    let open: OpenBlock | undefined;
    let blocks = 0;
    for (const frame of serverSentEvents(bytes)) {
      const event = eventBody(frame);
      assert.equal(frame.name, event['type'], 'name and type of an event');
      assert.ok(!reading.ended, 'something follows the end');
      switch (event['type']) {
        case 'message_start':
          usage = { ...objectOf(objectOf(event['message'])['usage']) };
          break;
        case 'content_block_start': {
          assert.equal(open, undefined, 'a block is open');
          assert.equal(event['index'], blocks, 'the number of a block');
          blocks += 1;
          const block = objectOf(event['content_block']);
          open = { type: stringOf(block['type']), json: '' };
          if (open.type === 'tool_use') {
            reading.calls.push({ id: textIn(block['id'], 'id'), name: textIn(block['name'], 'name'), arguments: '' });
          }
          break;
        }
        case 'content_block_delta':
          assert.ok(open !== undefined, 'a delta without its block');
          assert.equal(event['index'], blocks - 1);
          takeDelta(reading, open, objectOf(event['delta']));
          break;
        case 'content_block_stop': {
          assert.ok(open !== undefined, 'the end of no block');
          const call = reading.calls.at(-1);
          if (open.type === 'tool_use' && call !== undefined) call.arguments = open.json;
          open = undefined;
          break;
        }
        case 'message_delta':
          assert.equal(open, undefined, 'a block is open at the end');
          reading.finish = finishWord(FINISH, objectOf(event['delta'])['stop_reason']);
          usage = { ...usage, ...objectOf(event['usage']) };
          break;
        case 'message_stop':
          reading.ended = true;
          break;
        case 'error':
          reading.error = anthropic.readError(event);
          reading.ended = true;
          break;
        case 'ping':
          break;
        default:
          assert.fail(`unknown event ${String(event['type'])}`);
      }
    }
    readUsage(reading, usage);
    return reading;
  },
  readError(answer) {
    assert.equal(answer['type'], 'error');
    const error = objectIn(answer['error'], 'error');
    textIn(error['type'], 'error.type');
    return textIn(error['message'], 'error.message');
  },
};
