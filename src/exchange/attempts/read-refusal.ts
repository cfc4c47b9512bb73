import { parseObject } from '../../json/parse-object.ts';
import type { ResponseHeaders } from '../headers.ts';
import type { Attempt } from '../state.ts';
import type { ProviderRefusal } from './attempt-outcome.ts';

/** Reads a provider's error answer as the dialect of the attempt has it. */
export function readRefusal(
  attempt: Attempt,
  answer: { status: number; headers: ResponseHeaders; body: Uint8Array },
): ProviderRefusal {
  const { status, headers, body } = answer;
  const text = Buffer.from(body).toString('utf8');
  const json = parseObject(text);
  const error = attempt.chosen.dialect.errors.decode(status, (name) => headers.get(name), json, text);
  attempt.errorDetail = `${error.type}: ${error.message}`;
  return { status, headers, body, error, json };
}
