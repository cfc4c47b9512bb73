import { GatewayError } from '../../errors/gateway-error.ts';
import { isObject, type JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { boundedText } from '../openai/errors.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { decodeDoneReason, fromTimestamp, readOllamaUsage } from './wire.ts';

/** The calls of a message, whole or of one line of a stream: the API never splits them. */
export function decodeCalls(
  message: JsonObject,
  context: ProviderResponseContext,
): (NeutralPart & { type: 'tool-call' })[] {
  const calls = message['tool_calls'];
  return (Array.isArray(calls) ? calls.filter(isObject) : []).map((call) => {
    const fn = objectOf(call['function']) ?? {};
    const given = fn['arguments'];
    return {
      type: 'tool-call',
      id: textOf(call['id']) || context.newId('call_'),
      name: textOf(fn['name']) ?? '',
      arguments: typeof given === 'string' ? given : JSON.stringify(given ?? {}),
    };
  });
}

/** What a whole answer, or a line of a stream, says: `generate` has no `message`. */
export function messageOf(body: JsonObject): JsonObject {
  return objectOf(body['message']) ?? { content: body['response'], thinking: body['thinking'] };
}

/** Reads a whole answer of `POST /api/chat`, or of `/api/generate`. */
export function decodeResponse(body: JsonObject, context: ProviderResponseContext): NeutralResponse {
  if (!isObject(body['message']) && typeof body['response'] !== 'string') {
    const said = textOf(body['error']);
    const why = said === undefined ? '' : `: ${boundedText(said)}`;
    throw new GatewayError('provider_bad_response', `The provider's answer holds no message${why}.`);
  }
  const message = messageOf(body);
  const content: NeutralPart[] = [];
  const thought = textOf(message['thinking']) ?? '';
  if (thought !== '') content.push({ type: 'reasoning', text: thought });
  const text = textOf(message['content']) ?? '';
  if (text !== '') content.push({ type: 'text', text });
  const calls = decodeCalls(message, context);
  content.push(...calls);
  const candidate: NeutralCandidate = {
    index: 0,
    content,
    ...decodeDoneReason(textOf(body['done_reason']), calls.length > 0),
  };
  if (Array.isArray(body['logprobs']) && body['logprobs'].length > 0) {
    candidate.logprobs = { content: body['logprobs'] };
  }
  const response: NeutralResponse = { id: '', model: textOf(body['model']) ?? '', candidates: [candidate] };
  const created = fromTimestamp(body['created_at']);
  if (created !== undefined) response.created = created;
  const usage = readOllamaUsage(body);
  if (usage !== undefined) response.usage = usage;
  return response;
}
