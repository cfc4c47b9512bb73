import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { ProviderResponseContext } from '../dialect.ts';
import type { NeutralCandidate, NeutralResponse } from '../neutral/response.ts';
import { boundedText } from '../openai/errors.ts';
import { objectOf, textOf } from '../openai/fields.ts';
import { readTgiUsage } from './usage.ts';
import { decodeFinishReason, tokenLogprob } from './wire.ts';

function decodeLogprobs(details: JsonObject | undefined): JsonObject | undefined {
  const tokens = details?.['tokens'];
  const top = details?.['top_tokens'];
  if (!Array.isArray(tokens) || !Array.isArray(top)) return undefined;
  const content: JsonObject[] = [];
  tokens.forEach((token, index) => {
    const entry = tokenLogprob(token, top[index]);
    if (entry !== undefined) content.push(entry);
  });
  return content.length === 0 ? undefined : { content };
}

/** Reads the answer of `POST /generate`. */
export function decodeResponse(body: JsonObject, context: ProviderResponseContext): NeutralResponse {
  const text = textOf(body['generated_text']);
  if (text === undefined) {
    const said = textOf(body['error']);
    const why = said === undefined ? '' : `: ${boundedText(said)}`;
    throw new GatewayError('provider_bad_response', `The provider's answer holds no generated_text${why}.`);
  }
  const details = objectOf(body['details']);
  const candidate: NeutralCandidate = {
    index: 0,
    content: text === '' ? [] : [{ type: 'text', text }],
    ...decodeFinishReason(textOf(details?.['finish_reason'])),
  };
  const logprobs = decodeLogprobs(details);
  if (logprobs !== undefined) candidate.logprobs = logprobs;
  const response: NeutralResponse = { id: '', model: '', candidates: [candidate] };
  const usage = readTgiUsage(details, (name) => context.header(name));
  if (usage !== undefined) response.usage = usage;
  return response;
}
