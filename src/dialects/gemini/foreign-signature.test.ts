import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../json/types.ts';
import type { NeutralPart } from '../neutral/request.ts';
import type { NeutralEvent } from '../neutral/response.ts';
import { answerContext } from '../openai/support.test.ts';
import { decodeRequest } from './decode-request.ts';
import { encodeResponse } from './encode-response.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { packSignature, unpackSignature } from './foreign-signature.ts';

const SIGNATURE = 'EqQBCkYIBRgC+/9==ä';
const CALL: NeutralPart = { type: 'tool-call', id: 'c', name: 'f', arguments: '{}' };

/** The thoughts of a turn that a client returns. */
function returned(parts: JsonObject[]): NeutralPart[] {
  const request = decodeRequest({ contents: [{ role: 'model', parts }] }, { model: 'm', stream: false });
  return (request.messages[0]?.content ?? []).filter((part) => part.type === 'reasoning');
}

test('a signature says which provider made it, Gemini’s own stays as it is', () => {
  assert.equal(packSignature(SIGNATURE, 'gemini'), SIGNATURE);
  assert.equal(packSignature(SIGNATURE, undefined), SIGNATURE);
  const packed = packSignature(SIGNATURE, 'anthropic');
  assert.match(packed, /^[A-Za-z0-9+/]+=*$/);
  assert.deepEqual(unpackSignature(packed), { provider: 'anthropic', signature: SIGNATURE });
  const urlSafe = packed.replaceAll('+', '-').replaceAll('/', '_');
  assert.deepEqual(unpackSignature(urlSafe), { provider: 'anthropic', signature: SIGNATURE });
  assert.equal(unpackSignature('U0lHTg=='), undefined);
  assert.equal(unpackSignature('YWlndy1zaWc6'), undefined);
  assert.equal(unpackSignature('YWlndy1zaWc6!'), undefined);
});

test('the thought of another provider comes back as that provider’s, whole and streamed', () => {
  const thought: NeutralPart = { type: 'reasoning', text: 'hm so', signature: SIGNATURE };
  for (const providerDialect of ['anthropic', 'bedrock-converse'] as const) {
    const context = answerContext({ providerDialect });
    const expected: NeutralPart[] = [{ ...thought, origin: { dialect: 'anthropic', value: {} } }];
    const body = encodeResponse(
      { id: 'r', model: 'm', candidates: [{ index: 0, content: [thought, CALL], finishReason: 'tool-calls' }] },
      context,
    );
    const [candidate] = body['candidates'] as { content: { parts: JsonObject[] } }[];
    assert.deepEqual(returned(candidate?.content.parts ?? []), expected);

    const at = { candidate: 0, block: 0 };
    const events: NeutralEvent[] = [
      { type: 'start', id: 'r', model: 'm' },
      { type: 'reasoning-delta', ...at, text: 'hm' },
      { type: 'reasoning-delta', ...at, text: ' so' },
      { type: 'reasoning-end', ...at, signature: SIGNATURE },
    ];
    const encoder = createStreamEncoder(context);
    const parts = events
      .map((event) => String(encoder.push(event)))
      .filter((frame) => frame !== '')
      .flatMap((frame) => JSON.parse(frame.slice('data: '.length)).candidates[0].content.parts as JsonObject[]);
    assert.equal(parts.length, 2);
    const [joined] = returned(parts);
    assert.ok(joined?.type === 'reasoning');
    assert.deepEqual([joined.text, joined.signature, joined.origin?.dialect], ['hm so', SIGNATURE, 'anthropic']);
  }
});
