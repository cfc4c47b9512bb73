import type { JsonObject } from '../../json/types.ts';
import { think } from '../brain/think.ts';
import { type Call, jsonReply, type Reply, sseReply } from '../call.ts';
import { stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { remember, type StoredResponse } from '../state.ts';
import { acceptModel } from './models.ts';
import { inputItems, readResponses } from './read-responses.ts';
import {
  outputItems,
  type ResponseFacts,
  responseErrorFrames,
  responseFrames,
  responseObject,
} from './render-responses.ts';

/** Makes `POST /responses`; `check` refuses what strict mode does not accept. */
export function responsesEndpoint(check: (call: Call) => void): (call: Call) => Reply {
  return (call) => {
    if (call.strict) check(call);
    const { json } = call;
    const model = stringOf(json['model']);
    acceptModel(call, model);
    const earlier = earlierItems(call);
    const ask = readResponses(json, model, earlier);
    const answer = think(ask, { ...call.control, newId: () => call.newId('') });
    const facts: ResponseFacts = {
      id: call.newId('resp_', 48),
      created: Math.floor(call.now() / 1000),
      model,
      request: json,
      newId: call.newId,
    };
    const output = outputItems(answer, facts);
    const status = answer.candidates[0]?.finish === 'length' ? 'incomplete' : 'completed';
    const whole = responseObject(facts, status, { output, answer });
    const usage = { input: answer.usage.input, output: answer.usage.output };
    if (json['store'] !== false) {
      const items = [...earlier, ...inputItems(json['input'])].map((item) => ({ id: call.newId('msg_', 48), ...item }));
      remember(call.state.responses, facts.id, { response: whole, inputItems: items });
    }
    if (json['stream'] === true) {
      return sseReply(responseFrames(facts, answer, output), {
        usage,
        errorFrames: ({ message }) => responseErrorFrames(facts, message),
      });
    }
    if (json['background'] === true) return jsonReply(responseObject(facts, 'queued', {}));
    return jsonReply(whole, { usage });
  };
}

/** `POST /responses/input_tokens`. */
export function countInputTokens(call: Call): Reply {
  const ask = readResponses(call.json, stringOf(call.json['model']), earlierItems(call));
  return jsonReply({ object: 'response.input_tokens', input_tokens: ask.inputTokens });
}

/** `GET /responses/{id}`. */
export function getResponse(call: Call): Reply {
  return jsonReply(storedResponse(call).response);
}

/** `DELETE /responses/{id}`. */
export function deleteResponse(call: Call): Reply {
  const { response } = storedResponse(call);
  call.state.responses.delete(stringOf(response['id']));
  return jsonReply({ id: response['id'] ?? '', object: 'response', deleted: true });
}

/** `POST /responses/{id}/cancel`: background responses only. */
export function cancelResponse(call: Call): Reply {
  const stored = storedResponse(call);
  if (stored.response['background'] !== true) {
    throw new Refusal({ status: 400, message: 'Cannot cancel a synchronous response.' });
  }
  stored.response = { ...stored.response, status: 'cancelled', output: [], usage: null };
  return jsonReply(stored.response);
}

/** `GET /responses/{id}/input_items`. */
export function listInputItems(call: Call): Reply {
  const data = [...storedResponse(call).inputItems].reverse();
  const first = data[0]?.['id'] ?? null;
  const last = data.at(-1)?.['id'] ?? null;
  return jsonReply({ object: 'list', data, first_id: first, last_id: last, has_more: false });
}

function storedResponse(call: Call): StoredResponse {
  const id = call.params[0] ?? '';
  const stored = call.state.responses.get(id);
  if (stored !== undefined) return stored;
  throw new Refusal({ status: 404, message: `Response with id '${id}' not found.` });
}

/** What came before, where the request continues a stored response. */
function earlierItems(call: Call): JsonObject[] {
  const id = stringOf(call.json['previous_response_id']);
  if (id === '') return [];
  const stored = call.state.responses.get(id);
  if (stored === undefined) {
    throw new Refusal({
      status: 400,
      message: `Previous response with id '${id}' not found.`,
      param: 'previous_response_id',
      code: 'previous_response_not_found',
    });
  }
  const output = stored.response['output'];
  return [...stored.inputItems, ...(Array.isArray(output) ? (output as JsonObject[]) : [])];
}
