import type { Dialect, StreamEncoder } from '../../../src/dialects/dialect.ts';
import { DIALECT_NAMES } from '../../../src/dialects/names.ts';
import type { NeutralEvent } from '../../../src/dialects/neutral/response.ts';
import type { Usage } from '../../../src/dialects/neutral/usage.ts';
import { answerContext, providerContext } from '../../../src/dialects/openai/support.test.ts';
import { dialect } from '../../../src/dialects/registry.ts';
import { createFrameSource } from '../../../src/exchange/relay/frames.ts';
import type { Envelope } from '../../../src/providers/provider.ts';

const GENERATION = DIALECT_NAMES.map(dialect).filter(({ family }) => family === 'generation');

/** The APIs that clients speak. */
export const CLIENT_DIALECTS: readonly Dialect[] = GENERATION.filter(({ client }) => client !== undefined);
/** The APIs that providers speak and clients too. */
export const BOTH_SIDED: readonly Dialect[] = CLIENT_DIALECTS.filter(({ provider }) => provider !== undefined);

/** What the bytes of a provider's stream mean, arriving in these pieces. */
export function eventsIn(
  provider: Dialect,
  pieces: readonly Uint8Array[],
  envelope: Envelope | undefined = undefined,
): NeutralEvent[] {
  const events: NeutralEvent[] = [];
  const emit = (event: NeutralEvent): void => void events.push(event);
  const decoder = provider.provider?.createStreamDecoder(providerContext());
  const source = createFrameSource(provider, envelope, (frame) => decoder?.push(frame, emit));
  for (const piece of pieces) source.push(piece);
  source.end();
  decoder?.finish(emit);
  return events;
}

/** The bytes that a client gets for these events. */
export function streamFor(client: Dialect, events: readonly NeutralEvent[]): Buffer {
  const encoder: StreamEncoder | undefined = client.client?.createStreamEncoder(answerContext());
  return Buffer.concat(events.map((event) => Buffer.from(encoder?.push(event) ?? '')));
}

/** The last count of tokens in a stream. */
export function usageIn(events: readonly NeutralEvent[]): Usage | undefined {
  return events.reduce<Usage | undefined>((last, event) => (event.type === 'usage' ? event.usage : last), undefined);
}

/** The bytes cut before these positions, which may repeat and come in any order. */
export function cutAt(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(positions.map((position) => position % (bytes.length + 1)))].sort((a, b) => a - b);
  const ends = [...sorted, bytes.length];
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : (ends[index - 1] ?? 0), end));
}
