import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { FinishReason, NeutralResponse } from '../neutral/response.ts';
import { objectOf, otherFields, textOf } from '../openai/fields.ts';
import { decodeOutputItem, logprobsOf } from './decode-items.ts';
import { readAnswerError } from './errors.ts';
import { readResponsesUsage } from './token-counts.ts';
import { RESPONSE_FIELDS, RESPONSES } from './wire.ts';

/** Why a response ended, from its `status` and `incomplete_details`. */
export function decodeFinish(
  body: JsonObject,
  hasCalls: boolean,
): { finishReason: FinishReason; rawFinishReason?: string } {
  if (body['status'] !== 'incomplete') return { finishReason: hasCalls ? 'tool-calls' : 'stop' };
  const reason = textOf(objectOf(body['incomplete_details'])?.['reason']);
  if (reason === 'max_output_tokens') return { finishReason: 'length' };
  if (reason === 'content_filter') return { finishReason: 'content-filter' };
  return { finishReason: 'other', rawFinishReason: reason ?? 'incomplete' };
}

/** The statuses of a response that holds an answer; servers that leave it out answer whole. */
const ANSWERED: ReadonlySet<unknown> = new Set(['completed', 'incomplete', undefined, null]);

/** Reads a whole response. */
export function decodeResponse(body: JsonObject, context: ProviderResponseContext): NeutralResponse {
  const error = objectOf(body['error']);
  if (!ANSWERED.has(body['status']) || error !== undefined) {
    const said = error === undefined ? `its status is '${String(body['status'])}'` : readAnswerError(error).message;
    throw new GatewayError('provider_bad_response', `The provider's response holds no answer: ${said}.`);
  }
  if (!Array.isArray(body['output'])) {
    throw new GatewayError('provider_bad_response', "The provider's answer is not a response: it has no output.");
  }
  const output = body['output'].filter(isObject);
  const content = output.flatMap((item) => decodeOutputItem(item, context));
  const hasCalls = content.some((part) => part.type === 'tool-call');
  const logprobs = logprobsOf(output);
  const response: NeutralResponse = {
    id: textOf(body['id']) ?? '',
    model: textOf(body['model']) ?? '',
    candidates: [
      { index: 0, content, ...decodeFinish(body, hasCalls), ...(logprobs === undefined ? {} : { logprobs }) },
    ],
  };
  if (typeof body['created_at'] === 'number' && body['created_at'] > 0)
    response.created = Math.floor(body['created_at']);
  const usage = readResponsesUsage(body['usage']);
  if (usage !== undefined) response.usage = usage;
  const tier = textOf(body['service_tier']);
  if (tier !== undefined) response.serviceTier = tier;
  const rest = otherFields(body, RESPONSE_FIELDS);
  if (rest !== undefined) response.extensions = { [RESPONSES]: rest };
  return response;
}
