import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { Dialect, EncodeContext, ProviderResponseContext, ResponseContext, StreamFrame } from '../dialect.ts';
import type { NeutralEvent } from '../neutral/response.ts';

/** What the tests of these dialects share. Holds no tests. */

/** The value as it would cross the wire: fields without a value are gone. */
export function onWire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** An encode context that collects warnings. */
export function encodeContext(options: Partial<EncodeContext> = {}): EncodeContext & { warnings: string[] } {
  const warnings: string[] = [];
  return {
    warn: (warning) => void warnings.push(warning),
    defaultMaxOutputTokens: 4096,
    maxTokensField: 'max_completion_tokens',
    ...options,
    warnings,
  };
}

/** A context for answers, with ids that count up; it collects warnings. */
export function answerContext(options: Partial<ResponseContext> = {}): ResponseContext & { warnings: string[] } {
  let count = 0;
  const warnings: string[] = [];
  return {
    warn(warning) {
      if (!warnings.includes(warning)) warnings.push(warning);
    },
    requestModel: 'asked-model',
    created: 1_700_000_000,
    newId: (prefix) => `${prefix}new${++count}`,
    includeUsage: true,
    ...options,
    warnings,
  };
}

/** A context for a provider's answers. */
export function providerContext(): ProviderResponseContext {
  let count = 0;
  return { header: () => undefined, requestModel: 'sent-model', newId: (prefix) => `${prefix}made${++count}` };
}

/** Reads frames to their end. */
export function decodeFrames(dialect: Dialect, frames: StreamFrame[]): NeutralEvent[] {
  const decoder = dialect.provider?.createStreamDecoder(providerContext());
  const events: NeutralEvent[] = [];
  for (const frame of frames) decoder?.push(frame, (event) => events.push(event));
  decoder?.finish((event) => events.push(event));
  return events;
}

/** Writes events to their end. */
export function encodeEvents(dialect: Dialect, events: NeutralEvent[], options: Partial<ResponseContext> = {}): string {
  const encoder = dialect.client?.createStreamEncoder(answerContext(options));
  return events.map((event) => encoder?.push(event) ?? '').join('');
}

/** Frames of these objects, as the Messages API names them. */
export function namedFrames(bodies: JsonObject[]): StreamFrame[] {
  return bodies.map((body) => ({ event: String(body['type']), data: JSON.stringify(body) }));
}

/** Unnamed frames of these objects, with `[DONE]` at the end. */
export function chunkFrames(bodies: JsonObject[]): StreamFrame[] {
  return [...bodies.map((body) => ({ event: '', data: JSON.stringify(body) })), { event: '', data: '[DONE]' }];
}

/** The frames of a written stream. */
export function parseSse(text: string): StreamFrame[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n');
      const field = (name: string): string =>
        lines
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join('\n');
      return { event: field('event'), data: field('data') };
    });
}

/** The JSON bodies of a written stream; `[DONE]` stays text. */
export function bodiesOf(text: string): JsonValue[] {
  return parseSse(text).map((frame) => (frame.data === '[DONE]' ? '[DONE]' : (JSON.parse(frame.data) as JsonValue)));
}

/** The two dialects' sides, narrowed: both have them. */
export function sidesOf(dialect: Dialect): {
  client: NonNullable<Dialect['client']>;
  provider: NonNullable<Dialect['provider']>;
} {
  if (dialect.client === undefined || dialect.provider === undefined)
    throw new Error(`${dialect.name} has one side only`);
  return { client: dialect.client, provider: dialect.provider };
}
