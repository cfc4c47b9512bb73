import assert from 'node:assert/strict';
import type { JsonObject, JsonValue } from '../../src/json/types.ts';
import type { RecordedRequest } from '../../src/mock/recorder.ts';
import { anthropic } from './clients/anthropic.ts';
import { cohereChat } from './clients/cohere-chat.ts';
import { gemini } from './clients/gemini.ts';
import { openAiChat } from './clients/openai-chat.ts';
import type { FleetAnswer } from './fleet.ts';
import type { CellOutcome } from './matrix.ts';
import { objectIn } from './reading.ts';

/** The JSON object in an answer; throws when its content type or its body is another. */
export function jsonBody(answer: FleetAnswer): JsonObject {
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/, 'content type');
  return objectIn(JSON.parse(answer.body.toString('utf8')) as JsonValue, 'the answer');
}

/** What the gateway says it lost; undefined when it lost nothing. */
export function warningsOf(answer: FleetAnswer): string | undefined {
  const warnings = answer.headers['x-aigw-warnings'];
  return typeof warnings === 'string' ? warnings : undefined;
}

/**
 * Takes an answer that is no success for a refusal by the gateway itself: a clear 4xx in the client's own API, and
 * nothing was sent to the provider; throws when it is none. Undefined for a success. `readError` gives the message.
 */
export function refusedByGateway(
  answer: FleetAnswer,
  sent: readonly RecordedRequest[],
  readError: (body: JsonObject) => string,
): CellOutcome | undefined {
  if (answer.status === 200) return undefined;
  const text = answer.body.toString('utf8');
  assert.equal(sent.length, 0, `the provider refused what the gateway sent: ${answer.status} ${text}`);
  assert.ok(answer.status >= 400 && answer.status < 500, `status ${answer.status}: ${text}`);
  const message = readError(jsonBody(answer));
  assert.ok(message.length > 20, 'the message says too little');
  return { kind: 'refused', message };
}

/** What a successful answer amounts to: `check` throws when something is missing, which is a loss only if it is told. */
export function outcomeOf(answer: FleetAnswer, check: () => void): CellOutcome {
  const warnings = warningsOf(answer);
  try {
    check();
  } catch (error) {
    if (warnings === undefined) throw error;
    return { kind: 'warned', message: warnings };
  }
  return { kind: 'ok', ...(warnings === undefined ? {} : { warnings }) };
}

/** How errors are read in the APIs that are not chats. */
export const ERROR_READERS = {
  openai: openAiChat.readError,
  anthropic: anthropic.readError,
  gemini: gemini.readError,
  cohere: cohereChat.readError,
} as const;
