import type { ErrorAnswer } from '../dialects/dialect.ts';
import { answerHeaders } from './answer-headers.ts';
import type { ProviderRefusal } from './attempts/attempt-outcome.ts';
import { commit } from './commit.ts';
import { retryAfter } from './error-answer.ts';
import type { Attempt } from './state.ts';

/** Where vendors name a request, in the order of trust. */
const REQUEST_IDS = ['request-id', 'x-request-id', 'x-amzn-requestid', 'apim-request-id'];

function providerRequestId(refusal: ProviderRefusal): string | undefined {
  for (const name of REQUEST_IDS) {
    const id = refusal.headers.get(name);
    if (id !== undefined && id !== '') return id;
  }
  return undefined;
}

/**
 * Answers with a provider's error: its own bytes when it speaks the client's dialect in JSON, else rendered in the
 * client's dialect with the provider's status, type and message.
 */
export function sendRefusal(attempt: Attempt, refusal: ProviderRefusal): void {
  const { state, chosen } = attempt;
  const { error, json: body } = refusal;
  let bytes = Buffer.from(refusal.body);
  // In an envelope the cloud's own errors may come instead of the API's.
  const passes =
    body !== undefined && chosen.sameDialect && (chosen.binding.envelope === undefined || body['type'] === 'error');
  const errors = (state.dialect ?? chosen.dialect).errors;
  let own: string[] = [];
  if (!passes) {
    const answer: ErrorAnswer = {
      status: refusal.status,
      type: error.type,
      code: error.code ?? String(refusal.status),
      message: error.message,
      param: error.param,
      source: 'provider',
      retryAfterSeconds: error.retryAfterSeconds,
      requestId: providerRequestId(refusal) ?? state.id,
    };
    bytes = Buffer.from(JSON.stringify(errors.encode(answer)));
    own = [...(errors.headers?.(answer) ?? []), ...retryAfter(error.retryAfterSeconds)];
    // The provider's own of the same name says it in another form.
    for (let index = 0; index < own.length; index += 2) refusal.headers.drop(own[index] as string);
  }
  const headers = answerHeaders(
    attempt,
    refusal.headers,
    passes ? { changed: false } : { changed: true, contentType: 'application/json' },
  );
  headers.push(...own, 'content-length', String(bytes.length));
  commit(attempt, refusal.status, headers);
  state.response.end(bytes);
}
