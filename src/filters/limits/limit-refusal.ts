import { GatewayError } from '../../errors/gateway-error.ts';
import type { LimitState } from '../../stores/counters/counter-store.ts';
import type { CompiledLimit } from './limit.ts';

const UNITS: Readonly<Record<CompiledLimit['measure'], string>> = {
  requests: 'requests',
  tokens: 'tokens',
  input_tokens: 'input tokens',
  output_tokens: 'output tokens',
  usd: 'US dollars',
  concurrent: 'requests at a time',
  cost: 'units',
};

function limitText(limit: CompiledLimit): string {
  const amount = limit.measure === 'usd' ? (limit.limit / 1e9).toString() : limit.limit.toString();
  return `${amount} ${UNITS[limit.measure]}`;
}

/** What a client is told whose request a limit refused. */
export function limitRefusal(limit: CompiledLimit, state: LimitState): GatewayError {
  const seconds = Math.max(1, Math.ceil(state.retryAfterMs / 1000));
  if (limit.budget !== undefined) {
    return new GatewayError('budget_exceeded', `The budget "${limit.name}" of ${limitText(limit)} is used up.`, {
      retryAfterSeconds: seconds,
    });
  }
  return new GatewayError(
    'rate_limit_exceeded',
    `The rate limit "${limit.name}" of ${limitText(limit)} is reached; try again in ${seconds} s.`,
    { retryAfterSeconds: seconds },
  );
}
