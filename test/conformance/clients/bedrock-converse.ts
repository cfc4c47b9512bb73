import assert from 'node:assert/strict';
import { isObject, type JsonObject } from '../../../src/json/types.ts';
import { objectOf, objectsOf, stringOf } from '../../../src/mock/json-read.ts';
import {
  awsEvents,
  type ClientAdapter,
  emptyReading,
  eventBody,
  finishWord,
  objectIn,
  type Reading,
  textIn,
  tokenCount,
  totalOf,
} from '../reading.ts';
import type { Scenario, ScenarioTurn } from '../scenario.ts';

const FINISH = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool-calls',
  content_filtered: 'content-filter',
};
const MAX_TOKENS = 4096;
const THINKING_BUDGET = 1024;

function message(turn: ScenarioTurn): JsonObject {
  switch (turn.role) {
    case 'user':
      return {
        role: 'user',
        content: [
          { text: turn.text },
          ...(turn.image === undefined ? [] : [{ image: { format: 'png', source: { bytes: turn.image } } }]),
        ],
      };
    case 'assistant':
      return {
        role: 'assistant',
        content: [
          ...(turn.text === undefined ? [] : [{ text: turn.text }]),
          ...(turn.calls ?? []).map((call) => ({
            toolUse: { toolUseId: call.id, name: call.name, input: call.arguments },
          })),
        ],
      };
    case 'tool':
      return {
        role: 'user',
        content: turn.results.map((result) => ({
          toolResult: { toolUseId: result.id, content: [{ text: result.text }] },
        })),
      };
  }
}

function body(scenario: Scenario): JsonObject {
  const thinks = scenario.think === true;
  const inference: JsonObject = {
    ...(scenario.maxTokens !== undefined || thinks ? { maxTokens: scenario.maxTokens ?? MAX_TOKENS } : {}),
    ...(scenario.stop === undefined ? {} : { stopSequences: [scenario.stop] }),
  };
  return {
    ...(scenario.system === undefined ? {} : { system: [{ text: scenario.system }] }),
    messages: scenario.turns.map(message),
    ...(Object.keys(inference).length === 0 ? {} : { inferenceConfig: inference }),
    ...(scenario.tools === undefined
      ? {}
      : {
          toolConfig: {
            tools: scenario.tools.map(({ name, description, parameters }) => ({
              toolSpec: { name, description, inputSchema: { json: parameters } },
            })),
            ...(scenario.toolRequired === true ? { toolChoice: { any: {} } } : {}),
          },
        }),
    ...(thinks
      ? { additionalModelRequestFields: { thinking: { type: 'enabled', budget_tokens: THINKING_BUDGET } } }
      : {}),
    ...(scenario.schema === undefined
      ? {}
      : {
          outputConfig: {
            textFormat: {
              type: 'json_schema',
              structure: { jsonSchema: { name: 'answer', schema: JSON.stringify(scenario.schema) } },
            },
          },
        }),
  };
}

function readUsage(reading: Reading, usage: JsonObject): void {
  const cached = tokenCount(usage['cacheReadInputTokens']);
  const written = tokenCount(usage['cacheWriteInputTokens']);
  reading.usage = {
    input: tokenCount(usage['inputTokens']) + cached + written,
    cached,
    output: tokenCount(usage['outputTokens']),
  };
  assert.equal(usage['totalTokens'], totalOf(reading.usage), 'totalTokens');
}

function takeDelta(reading: Reading, delta: JsonObject): void {
  reading.text += stringOf(delta['text']);
  reading.thoughts += stringOf(objectOf(delta['reasoningContent'])['text']);
  if (!isObject(delta['toolUse'])) return;
  const call = reading.calls.at(-1);
  assert.ok(call !== undefined, 'arguments of no call');
  call.arguments += textIn(delta['toolUse']['input'], 'input');
}

/** Bedrock's Converse (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
export const bedrockConverse: ClientAdapter = {
  name: 'bedrock-converse',
  streamType: 'application/vnd.amazon.eventstream',
  request: (scenario, { model, stream }) => ({
    path: `/model/${encodeURIComponent(model)}/${stream ? 'converse-stream' : 'converse'}`,
    body: body(scenario),
  }),
  readWhole(answer) {
    const reading = emptyReading();
    const answered = objectIn(objectOf(answer['output'])['message'], 'message');
    assert.equal(answered['role'], 'assistant');
    for (const block of objectsOf(answered['content'])) {
      reading.text += stringOf(block['text']);
      reading.thoughts += stringOf(objectOf(objectOf(block['reasoningContent'])['reasoningText'])['text']);
      const use = block['toolUse'];
      if (isObject(use)) {
        reading.calls.push({
          id: textIn(use['toolUseId'], 'toolUseId'),
          name: textIn(use['name'], 'name'),
          arguments: JSON.stringify(objectIn(use['input'], 'input')),
        });
      }
    }
    reading.finish = finishWord(FINISH, answer['stopReason']);
    readUsage(reading, objectIn(answer['usage'], 'usage'));
    reading.ended = true;
    return reading;
  },
  readStream(bytes) {
    const reading = emptyReading();
    const open = new Set<number>();
    for (const frame of awsEvents(bytes)) {
      const event = eventBody(frame);
      const index = tokenCount(event['contentBlockIndex']);
      assert.equal(reading.error, undefined, 'something follows the error');
      switch (frame.name) {
        case 'messageStart':
          assert.equal(event['role'], 'assistant');
          break;
        case 'contentBlockStart': {
          open.add(index);
          const use = objectOf(objectOf(event['start'])['toolUse']);
          reading.calls.push({ id: textIn(use['toolUseId'], 'id'), name: textIn(use['name'], 'name'), arguments: '' });
          break;
        }
        case 'contentBlockDelta':
          open.add(index);
          takeDelta(reading, objectOf(event['delta']));
          break;
        case 'contentBlockStop':
          assert.ok(open.delete(index), 'the end of no block');
          break;
        case 'messageStop':
          assert.equal(open.size, 0, 'a block is open at the end');
          reading.finish = finishWord(FINISH, event['stopReason']);
          break;
        case 'metadata':
          readUsage(reading, objectIn(event['usage'], 'usage'));
          reading.ended = true;
          break;
        default:
          assert.match(frame.name, /Exception$/, 'an unknown event');
          reading.error = bedrockConverse.readError(event);
          reading.ended = true;
      }
    }
    return reading;
  },
  readError: (answer) => textIn(answer['message'], 'message'),
};
