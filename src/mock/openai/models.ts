import type { JsonObject } from '../../json/types.ts';
import { type Call, jsonReply, type Reply } from '../call.ts';
import { Refusal } from '../refusal.ts';

/** 2024-01-01: the made-up models' birthday. */
const CREATED = 1_704_067_200;

/** Refuses a missing model, and in strict mode with `--models` one that is not listed. */
export function acceptModel(call: Call, model: string): void {
  if (model === '' && call.strict) {
    throw new Refusal({ status: 400, message: 'you must provide a model parameter' });
  }
  if (!call.onlyListedModels || call.models.includes(model)) return;
  throw new Refusal({
    status: 404,
    message: `The model \`${model}\` does not exist or you do not have access to it.`,
    code: 'model_not_found',
  });
}

/** `GET /models`. */
export function listModels(call: Call): Reply {
  return jsonReply({ object: 'list', data: call.models.map(modelObject) });
}

/** `GET /models/{id}`; ids may hold slashes. */
export function getModel(call: Call): Reply {
  const id = call.params[0] ?? '';
  if (call.models.includes(id)) return jsonReply(modelObject(id));
  throw new Refusal({
    status: 404,
    message: `The model '${id}' does not exist`,
    param: 'model',
    code: 'model_not_found',
  });
}

/** `DELETE /models/{id}`: pretends to forget a fine-tuned model. */
export function deleteModel(call: Call): Reply {
  return jsonReply({ id: call.params[0] ?? '', object: 'model', deleted: true });
}

function modelObject(id: string): JsonObject {
  return { id, object: 'model', created: CREATED, owned_by: 'aigw' };
}
