import assert from 'node:assert/strict';
import { isMockSignature } from '../../../src/mock/brain/signature.ts';
import type { RecordedRequest } from '../../../src/mock/recorder.ts';

/** The mock's signatures in a request body, in order. */
export function signaturesIn(request: RecordedRequest): string[] {
  // Base64 of the mark with which every signature of the mock begins.
  return [...request.body.matchAll(/"(bW9jay1zaWc6[A-Za-z0-9+/]+=*)"/g)].map(([, token]) => {
    assert.ok(isMockSignature(token));
    return token as string;
  });
}
