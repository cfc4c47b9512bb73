import type { ErrorAnswer } from '../dialects/dialect.ts';
import { parseObject } from '../json/parse-object.ts';
import { answerHeaders } from './answer-headers.ts';
import type { Attempt } from './attempt.ts';
import type { ProviderRefusal } from './attempt-outcome.ts';
import { commit } from './commit.ts';

/**
 * Answers with a provider's error: its own bytes when it speaks the client's dialect in JSON, else rendered in the
 * client's dialect with the provider's status, type and message.
 */
export function sendRefusal(attempt: Attempt, refusal: ProviderRefusal): void {
  const { state, chosen } = attempt;
  const text = Buffer.from(refusal.body).toString('utf8');
  const body = parseObject(text);
  const error = chosen.dialect.errors.decode(refusal.status, (name) => refusal.headers.get(name), body, text);
  attempt.errorDetail = `${error.type}: ${error.message}`;
  let bytes = Buffer.from(refusal.body);
  // In an envelope the cloud's own errors may come instead of the API's.
  const passes =
    body !== undefined && chosen.sameDialect && (chosen.binding.envelope === undefined || body['type'] === 'error');
  const errors = (state.dialect ?? chosen.dialect).errors;
  if (!passes) {
    const answer: ErrorAnswer = {
      status: refusal.status,
      type: error.type,
      code: error.code ?? String(refusal.status),
      message: error.message,
      param: error.param,
      source: 'provider',
    };
    bytes = Buffer.from(JSON.stringify(errors.encode(answer)));
  }
  const headers = answerHeaders(
    attempt,
    refusal.headers,
    passes ? { changed: false } : { changed: true, contentType: 'application/json' },
  );
  headers.push('content-length', String(bytes.length));
  commit(attempt, refusal.status, headers);
  state.response.end(bytes);
}
