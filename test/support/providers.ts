import { encodeAwsEventStreamMessage } from '../../src/streams/aws-event-stream.ts';

/** How one provider API looks on the wire: a whole answer and a streamed one that say the same. */
export interface ProviderApi {
  /** Type of a whole answer. */
  readonly json: string;
  /** Type of a streamed answer. */
  readonly streamType: string;
  /** The frames of a whole stream in order: the first before any content, the last ends it. */
  readonly frames: readonly Uint8Array[];
  /** How many of the frames make up `CUT_TEXT`. */
  readonly cutAfter: number;
  /** An error inside a stream. */
  readonly errorFrame: Uint8Array;
}

const text = (value: string) => new TextEncoder().encode(value);
const data = (value: unknown) => text(`data: ${JSON.stringify(value)}\n\n`);
const named = (event: { type: string }) => text(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
const aws = (type: string, payload: unknown, kind: 'event' | 'exception' = 'event') =>
  encodeAwsEventStreamMessage(
    {
      [`:${kind === 'event' ? 'event' : 'exception'}-type`]: type,
      ':content-type': 'application/json',
      ':message-type': kind,
    },
    text(JSON.stringify(payload)),
  );

/** The words of every answer. */
export const ANSWER_WORDS = ['All ', 'is ', 'well.'] as const;
/** The text of every answer. */
export const ANSWER_TEXT = ANSWER_WORDS.join('');
/** The text of an answer that was cut in the middle. */
export const CUT_TEXT = 'All is ';

const chatChunk = (delta: object, finish: string | null = null) =>
  data({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1700000000,
    model: 'gpt-test',
    choices: [{ index: 0, delta, finish_reason: finish }],
  });

/** OpenAI's chat completions. */
export const OPENAI: ProviderApi = {
  json: JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1700000000,
    model: 'gpt-test',
    choices: [
      { index: 0, message: { role: 'assistant', content: ANSWER_TEXT }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
  }),
  streamType: 'text/event-stream',
  frames: [
    chatChunk({ role: 'assistant', content: '' }),
    ...ANSWER_WORDS.map((content) => chatChunk({ content })),
    chatChunk({}, 'stop'),
    data({
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1700000000,
      model: 'gpt-test',
      choices: [],
      usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
    }),
    text('data: [DONE]\n\n'),
  ],
  cutAfter: 3,
  errorFrame: data({ error: { message: 'The engine is overloaded.', type: 'server_error', code: null, param: null } }),
};

/** Anthropic's messages. */
export const ANTHROPIC: ProviderApi = {
  json: JSON.stringify({
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-test',
    content: [{ type: 'text', text: ANSWER_TEXT }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 7, output_tokens: 3 },
  }),
  streamType: 'text/event-stream; charset=utf-8',
  frames: [
    {
      type: 'message_start',
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: 'claude-test',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 7, output_tokens: 1 },
      },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...ANSWER_WORDS.map((word) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text: word },
    })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 3 } },
    { type: 'message_stop' },
  ].map(named),
  cutAfter: 4,
  errorFrame: text(
    `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })}\n\n`,
  ),
};

/** Amazon Bedrock's Converse. */
export const BEDROCK: ProviderApi = {
  json: JSON.stringify({
    output: { message: { role: 'assistant', content: [{ text: ANSWER_TEXT }] } },
    stopReason: 'end_turn',
    usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 },
    metrics: { latencyMs: 1 },
  }),
  streamType: 'application/vnd.amazon.eventstream',
  frames: [
    aws('messageStart', { role: 'assistant' }),
    ...ANSWER_WORDS.map((word) => aws('contentBlockDelta', { contentBlockIndex: 0, delta: { text: word } })),
    aws('contentBlockStop', { contentBlockIndex: 0 }),
    aws('messageStop', { stopReason: 'end_turn' }),
    aws('metadata', { usage: { inputTokens: 7, outputTokens: 3, totalTokens: 10 }, metrics: { latencyMs: 1 } }),
  ],
  cutAfter: 3,
  errorFrame: aws('throttlingException', { message: 'Too many requests' }, 'exception'),
};

const geminiPart = (words: string, rest: object = {}) =>
  data({
    candidates: [{ content: { role: 'model', parts: [{ text: words }] }, index: 0, ...rest }],
    usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 },
    modelVersion: 'gemini-test',
    responseId: 'r-1',
  });

/** Google's Gemini. */
export const GEMINI: ProviderApi = {
  json: JSON.stringify({
    candidates: [{ content: { role: 'model', parts: [{ text: ANSWER_TEXT }] }, finishReason: 'STOP', index: 0 }],
    usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, totalTokenCount: 10 },
    modelVersion: 'gemini-test',
    responseId: 'r-1',
  }),
  streamType: 'text/event-stream',
  frames: [geminiPart('All '), geminiPart('is '), geminiPart('well.', { finishReason: 'STOP' })],
  cutAfter: 2,
  errorFrame: data({ error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }),
};

/** The provider APIs by the `provider` of a cluster that speaks them. */
export const PROVIDER_APIS: Readonly<Record<string, ProviderApi>> = {
  openai: OPENAI,
  anthropic: ANTHROPIC,
  'aws-bedrock': BEDROCK,
  google: GEMINI,
};
