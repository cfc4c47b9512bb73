import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { ProviderAnswer } from '../family-dialects.ts';
import type { NeutralRequest } from '../neutral/request.ts';
import type { NeutralTokenCountRequest } from '../neutral/token-count.ts';

/** What is counted as a conversation with the target's model; bare text is what a user says. */
export function conversationOf(request: NeutralTokenCountRequest): NeutralRequest {
  const { input, model } = request;
  if (input.type === 'messages') return { ...input.request, model, stream: false };
  const content = [{ type: 'text' as const, text: input.text }];
  return { model, stream: false, messages: [{ role: 'user', content }], tools: [] };
}

/** The fields of `body` that are named and say something. */
export function pickFields(body: JsonObject, names: readonly string[]): JsonObject {
  const picked: JsonObject = {};
  for (const name of names) {
    const value = body[name];
    if (value !== undefined && value !== null && !isEmptyObject(value)) picked[name] = value;
  }
  return picked;
}

function isEmptyObject(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

/** Names what a client of vLLM's tokenizer does not get of an API that only counts. */
export function warnOfMissingTokens(request: NeutralTokenCountRequest, warn: (warning: string) => void): void {
  const fields = request.extensions?.['vllm-tokenize'];
  if (fields === undefined) return;
  warn('Only the number of tokens is known: the provider shows no token ids.');
  for (const field of Object.keys(fields)) {
    warn(
      `The field '${field.slice(0, 64).replace(/[^!-~]/g, '?')}' was left out: the provider counts with its own template.`,
    );
  }
}

/** A whole number of the one answer. Throws `provider_bad_response` where it is not there. */
export function requireCount(answers: readonly ProviderAnswer[], field: string): number {
  const value = answers[0]?.body[field];
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new GatewayError('provider_bad_response', `The provider's answer holds no ${field}.`);
}
