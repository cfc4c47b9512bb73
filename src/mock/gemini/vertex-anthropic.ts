import { anthropicError } from '../anthropic/api.ts';
import { answerMessage } from '../anthropic/messages.ts';
import { readMessagesBody } from '../anthropic/read-messages.ts';
import { checkMessages } from '../anthropic/strict.ts';
import type { ApiFamily, Call, Reply } from '../call.ts';
import { jsonReply } from '../call.ts';
import { stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { vertexApi } from './api.ts';

/** Claude on Vertex: Google's credentials, Anthropic's errors for what Claude refuses. */
export const vertexAnthropicApi: ApiFamily = {
  ...vertexApi,
  name: 'vertex-anthropic',
  error: (details, call) =>
    details.status === 400 || details.status === 529
      ? { body: anthropicError(details) }
      : vertexApi.error(details, call),
};

/** `POST ...publishers/anthropic/models/{model}:rawPredict`; the model `count-tokens` counts. */
export function rawPredict(call: Call): Reply {
  const model = call.params[0] ?? '';
  if (model === 'count-tokens') {
    return jsonReply({ input_tokens: readMessagesBody(call.json, stringOf(call.json['model'])).inputTokens });
  }
  return answer(call, model);
}

/** `POST ...publishers/anthropic/models/{model}:streamRawPredict`. */
export function streamRawPredict(call: Call): Reply {
  return answer(call, call.params[0] ?? '');
}

function answer(call: Call, model: string): Reply {
  if (call.strict) {
    if (stringOf(call.json['anthropic_version']) === '') {
      throw new Refusal({ status: 400, message: 'anthropic_version: Field required' });
    }
    checkMessages(call.json, { extraFields: ['anthropic_version', 'anthropic_beta'], forbiddenFields: ['model'] });
  }
  // `claude-x@20250101` answers as `claude-x-20250101`.
  const name = model.replace('@', '-');
  return answerMessage(call, { model: name, body: call.json, stream: call.json['stream'] === true });
}
