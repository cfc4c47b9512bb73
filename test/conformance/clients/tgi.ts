import assert from 'node:assert/strict';
import type { JsonObject } from '../../../src/json/types.ts';
import { objectsOf } from '../../../src/mock/json-read.ts';
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
import type { Scenario } from '../scenario.ts';

const FINISH = { eos_token: 'stop', stop_sequence: 'stop', length: 'length' };

function body(scenario: Scenario): JsonObject {
  const [turn] = scenario.turns;
  assert.ok(turn?.role === 'user');
  return {
    inputs: turn.text,
    parameters: {
      // Counts of tokens are among the details.
      details: true,
      ...(scenario.schema === undefined ? {} : { grammar: { type: 'json', value: scenario.schema } }),
      ...(scenario.maxTokens === undefined ? {} : { max_new_tokens: scenario.maxTokens }),
      ...(scenario.stop === undefined ? {} : { stop: [scenario.stop] }),
    },
  };
}

/** Ends the reading; a whole answer does not tell how long the prompt was, nor anything what a cache held. */
function takeEnd(reading: Reading, answer: JsonObject, input: number | undefined): void {
  const details = objectIn(answer['details'], 'details');
  reading.finish = finishWord(FINISH, details['finish_reason']);
  reading.usage = { input, cached: undefined, output: tokenCount(details['generated_tokens']) };
  reading.ended = true;
}

function cannotAsk({ system, turns, tools, think }: Scenario): string | undefined {
  const plain = turns.length === 1 && turns[0]?.role === 'user' && turns[0].image === undefined;
  if (plain && system === undefined && tools === undefined && think !== true) return undefined;
  return 'A prompt has neither instructions, turns, tools, images nor thoughts.';
}

/** Hugging Face TGI's own API (https://huggingface.github.io/text-generation-inference). It names no model. */
export const tgi: ClientAdapter = {
  name: 'tgi',
  streamType: 'text/event-stream',
  request: (scenario, { stream }) => ({ path: stream ? '/generate_stream' : '/generate', body: body(scenario) }),
  cannotAsk,
  readWhole(answer) {
    const reading = emptyReading();
    reading.text = textIn(answer['generated_text'], 'generated_text');
    takeEnd(reading, answer, undefined);
    return reading;
  },
  readStream(bytes) {
    const reading = emptyReading();
    for (const frame of serverSentEvents(bytes)) {
      const event = eventBody(frame);
      assert.ok(!reading.ended, 'something follows the end');
      if (event['error'] !== undefined) {
        reading.error = tgi.readError(event);
        reading.ended = true;
        continue;
      }
      const token = objectIn(event['token'], 'token');
      assert.equal(typeof token['id'], 'number');
      assert.equal(typeof token['special'], 'boolean');
      if (token['special'] === false) reading.text += textIn(token['text'], 'token.text');
      if (event['generated_text'] === null) continue;
      assert.equal(event['generated_text'], reading.text, 'the whole text at the end');
      takeEnd(reading, event, tokenCount(objectIn(event['details'], 'details')['input_length']));
    }
    return reading;
  },
  readError(answer) {
    textIn(answer['error_type'], 'error_type');
    assert.deepEqual(objectsOf(answer['error']), []);
    return textIn(answer['error'], 'error');
  },
};
