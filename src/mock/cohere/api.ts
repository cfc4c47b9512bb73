import type { ApiFamily } from '../call.ts';
import { Refusal } from '../refusal.ts';

/** Cohere: bearer key, `{"id", "message"}`. */
export const cohereApi: ApiFamily = {
  name: 'cohere',
  headers: (call) => ({ 'x-debug-trace-id': call.newId('', 32), 'x-endpoint-monthly-call-limit': '1000' }),
  error: (details, call) => ({ body: { id: call.newUuid(), message: details.message } }),
  authorize(call) {
    if (/^bearer \S/i.test(call.headers['authorization'] ?? '')) return;
    throw new Refusal({ status: 401, message: 'no api key supplied' });
  },
};
