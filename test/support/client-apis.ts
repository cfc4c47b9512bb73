/** How one client API is called and read. */
export interface ClientApi {
  readonly path: string;
  body(options: { model: string; stream: boolean }): Record<string, unknown>;
  /** The words of a whole answer. */
  wholeText(body: string): string;
  /** What a stream's bytes say. */
  readStream(text: string): StreamReading;
  /** Whether a JSON value is an error of this API. */
  isError(value: unknown): boolean;
}

/** What a client makes of a stream. */
export interface StreamReading {
  /** The words so far. */
  text: string;
  /** How it ended: with its proper last event, with an error event, or not at all. */
  ended: 'whole' | 'error' | 'open';
}

interface SseEvent {
  event: string;
  data: string;
}

function sseEvents(text: string): SseEvent[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((block) => {
      const field = (name: string) =>
        block
          .split('\n')
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join('\n');
      return { event: field('event'), data: field('data') };
    });
}

type Json = Record<string, unknown>;
const at = (value: unknown, ...keys: (string | number)[]): unknown =>
  keys.reduce<unknown>((inner, key) => (inner as Json | undefined | null)?.[key], value);
const words = (value: unknown): string => (typeof value === 'string' ? value : '');

function isOpenAiError(value: unknown): boolean {
  return typeof at(value, 'error', 'message') === 'string' && typeof at(value, 'error', 'type') === 'string';
}

function isAnthropicError(value: unknown): boolean {
  return at(value, 'type') === 'error' && isOpenAiError(value);
}

const CHAT_CLIENT: ClientApi = {
  path: '/v1/chat/completions',
  body: ({ model, stream }) => ({ model, stream, messages: [{ role: 'user', content: 'How is it?' }] }),
  wholeText: (body) => words(at(JSON.parse(body), 'choices', 0, 'message', 'content')),
  isError: isOpenAiError,
  readStream(text) {
    const reading: StreamReading = { text: '', ended: 'open' };
    for (const { data } of sseEvents(text)) {
      if (data === '') continue;
      if (data === '[DONE]') {
        reading.ended = 'whole';
        continue;
      }
      const value: unknown = JSON.parse(data);
      if (isOpenAiError(value)) reading.ended = 'error';
      else reading.text += words(at(value, 'choices', 0, 'delta', 'content'));
    }
    return reading;
  },
};

const MESSAGES_CLIENT: ClientApi = {
  path: '/v1/messages',
  body: ({ model, stream }) => ({
    model,
    stream,
    max_tokens: 100,
    messages: [{ role: 'user', content: 'How is it?' }],
  }),
  wholeText: (body) => words(at(JSON.parse(body), 'content', 0, 'text')),
  isError: isAnthropicError,
  readStream(text) {
    const reading: StreamReading = { text: '', ended: 'open' };
    for (const { event, data } of sseEvents(text)) {
      if (data === '') continue;
      const value: unknown = JSON.parse(data);
      if (event === 'message_stop') reading.ended = 'whole';
      else if (isAnthropicError(value)) reading.ended = 'error';
      else reading.text += words(at(value, 'delta', 'text'));
    }
    return reading;
  },
};

/** The client APIs by the dialect's name. */
export const CLIENT_APIS: Readonly<Record<'openai-chat' | 'anthropic', ClientApi>> = {
  'openai-chat': CHAT_CLIENT,
  anthropic: MESSAGES_CLIENT,
};
