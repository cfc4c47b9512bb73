import { createAwsEventStreamFramer } from '../../src/streams/aws-event-stream.ts';

/** What is asked for. */
export interface ClientQuestion {
  model: string;
  stream: boolean;
}

/** How one client API is called and read. */
export interface ClientApi {
  path(question: ClientQuestion): string;
  body(question: ClientQuestion): Record<string, unknown>;
  /** The words of a whole answer. */
  wholeText(body: string): string;
  /** What a stream's bytes say. */
  readStream(bytes: Uint8Array): StreamReading;
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

function sseEvents(bytes: Uint8Array): SseEvent[] {
  return Buffer.from(bytes)
    .toString('utf8')
    .replaceAll('\r\n', '\n')
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
  path: () => '/v1/chat/completions',
  body: ({ model, stream }) => ({ model, stream, messages: [{ role: 'user', content: 'How is it?' }] }),
  wholeText: (body) => words(at(JSON.parse(body), 'choices', 0, 'message', 'content')),
  isError: isOpenAiError,
  readStream(bytes) {
    const reading: StreamReading = { text: '', ended: 'open' };
    for (const { data } of sseEvents(bytes)) {
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
  path: () => '/v1/messages',
  body: ({ model, stream }) => ({
    model,
    stream,
    max_tokens: 100,
    messages: [{ role: 'user', content: 'How is it?' }],
  }),
  wholeText: (body) => words(at(JSON.parse(body), 'content', 0, 'text')),
  isError: isAnthropicError,
  readStream(bytes) {
    const reading: StreamReading = { text: '', ended: 'open' };
    for (const { event, data } of sseEvents(bytes)) {
      if (data === '') continue;
      const value: unknown = JSON.parse(data);
      if (event === 'message_stop') reading.ended = 'whole';
      else if (isAnthropicError(value)) reading.ended = 'error';
      else reading.text += words(at(value, 'delta', 'text'));
    }
    return reading;
  },
};

const GEMINI_CLIENT: ClientApi = {
  path: ({ model, stream }) =>
    `/v1beta/models/${encodeURIComponent(model)}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
  body: () => ({ contents: [{ role: 'user', parts: [{ text: 'How is it?' }] }] }),
  wholeText: (body) => words(at(JSON.parse(body), 'candidates', 0, 'content', 'parts', 0, 'text')),
  isError: (value) =>
    typeof at(value, 'error', 'message') === 'string' &&
    typeof at(value, 'error', 'code') === 'number' &&
    typeof at(value, 'error', 'status') === 'string',
  readStream(bytes) {
    const reading: StreamReading = { text: '', ended: 'open' };
    for (const { data } of sseEvents(bytes)) {
      if (data === '') continue;
      const value: unknown = JSON.parse(data);
      if (at(value, 'error') !== undefined) reading.ended = 'error';
      else reading.text += words(at(value, 'candidates', 0, 'content', 'parts', 0, 'text'));
      if (at(value, 'candidates', 0, 'finishReason') !== undefined) reading.ended = 'whole';
    }
    return reading;
  },
};

const CONVERSE_CLIENT: ClientApi = {
  path: ({ model, stream }) => `/model/${encodeURIComponent(model)}/${stream ? 'converse-stream' : 'converse'}`,
  body: () => ({ messages: [{ role: 'user', content: [{ text: 'How is it?' }] }] }),
  wholeText: (body) => words(at(JSON.parse(body), 'output', 'message', 'content', 0, 'text')),
  isError: (value) => typeof at(value, 'message') === 'string',
  readStream(bytes) {
    const reading: StreamReading = { text: '', ended: 'open' };
    const framer = createAwsEventStreamFramer(({ headers, payload }) => {
      const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
      if (headers[':message-type'] !== 'event') reading.ended = 'error';
      else if (headers[':event-type'] === 'messageStop') reading.ended = 'whole';
      else reading.text += words(at(value, 'delta', 'text'));
    });
    framer.push(bytes);
    return reading;
  },
};

/** The client APIs by the dialect's name. */
export const CLIENT_APIS: Readonly<Record<'openai-chat' | 'anthropic' | 'gemini' | 'bedrock-converse', ClientApi>> = {
  'openai-chat': CHAT_CLIENT,
  anthropic: MESSAGES_CLIENT,
  gemini: GEMINI_CLIENT,
  'bedrock-converse': CONVERSE_CLIENT,
};
