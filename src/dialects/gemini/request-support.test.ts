import assert from 'node:assert/strict';
import { GatewayError } from '../../errors/gateway-error.ts';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralMessage, NeutralPart, NeutralRequest } from '../neutral/request.ts';
import { encodeContext } from '../openai/support.test.ts';
import { encodeRequest } from './encode-request.ts';

/** What the tests of requests to Gemini share. Holds no tests. */

/** A request encoded for Gemini, and what was lost. */
export function encode(fields: Partial<NeutralRequest>): { body: JsonObject; warnings: string[] } {
  const context = encodeContext();
  const request = { model: 'gemini-2.5-flash', stream: false, messages: [], tools: [], ...fields };
  return { body: encodeRequest(request, context), warnings: context.warnings };
}

/** A turn of the user. */
export function user(...content: NeutralPart[]): NeutralMessage {
  return { role: 'user', content };
}

/** A text. */
export function text(value: string): NeutralPart {
  return { type: 'text', text: value };
}

/** The `contents` that are sent. */
export function contentsOf(fields: Partial<NeutralRequest>): unknown {
  return encode(fields).body['contents'];
}

/** The `generationConfig` that is sent. */
export function configOf(fields: Partial<NeutralRequest>): unknown {
  return encode(fields).body['generationConfig'];
}

/** The error with which a request is refused. */
export function refusal(fields: Partial<NeutralRequest>): GatewayError {
  let caught: unknown;
  try {
    encode(fields);
  } catch (error) {
    caught = error;
  }
  assert.ok(GatewayError.is(caught), 'a GatewayError is thrown');
  return caught;
}
