import { awsFrame } from './aws-frame.ts';

/** A canned answer: the whole of it, or the pieces of a stream, each of which is one write. HTTP framing included. */
export interface Canned {
  head: Buffer;
  pieces: readonly Buffer[];
}

/** The canned answers of one wire API. */
export interface CannedApi {
  plain: Canned;
  stream: Canned;
}

/** Events of every canned stream, its end marker among them. */
export const STREAM_EVENTS = 51;
/** What the model says in a plain answer. */
export const PLAIN_TEXT = 'A gateway between programs and models carries each request once and keeps count. '.repeat(9);

const ID = 'bench-0123456789';
const OPENAI_MODEL = 'gpt-4o-mini';
const CLAUDE_MODEL = 'claude-haiku-4-5';
const GEMINI_MODEL = 'gemini-2.5-flash';

/** What the model says in a stream of so many pieces. */
export function tokens(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `tok${index} `);
}

function plain(body: unknown): Canned {
  const text = JSON.stringify(body);
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
  return { head: Buffer.from(head), pieces: [Buffer.from(text)] };
}

function chunk(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${content.length.toString(16)}\r\n`), content, Buffer.from('\r\n')]);
}

function stream(contentType: string, events: readonly Buffer[]): Canned {
  const head = `HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\ntransfer-encoding: chunked\r\n\r\n`;
  const pieces = events.map(chunk);
  const last = pieces.pop() ?? Buffer.alloc(0);
  return { head: Buffer.from(head), pieces: [...pieces, Buffer.concat([last, Buffer.from('0\r\n\r\n')])] };
}

function openAiEvent(rest: object): Buffer {
  const event = { id: ID, object: 'chat.completion.chunk', created: 1760000000, model: OPENAI_MODEL, ...rest };
  return Buffer.from(`data: ${JSON.stringify(event)}\n\n`);
}

/** https://platform.openai.com/docs/api-reference/chat/streaming: 50 content chunks; usage and the end marker share a write. */
function openAi(): CannedApi {
  const usage = { prompt_tokens: 19, completion_tokens: 50, total_tokens: 69 };
  const delta = (content: string) =>
    openAiEvent({ choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null }], usage: null });
  const last = Buffer.concat([openAiEvent({ choices: [], usage }), Buffer.from('data: [DONE]\n\n')]);
  const message = { role: 'assistant', content: PLAIN_TEXT, refusal: null };
  return {
    plain: plain({
      id: ID,
      object: 'chat.completion',
      created: 1760000000,
      model: OPENAI_MODEL,
      choices: [{ index: 0, message, logprobs: null, finish_reason: 'stop' }],
      usage,
    }),
    stream: stream('text/event-stream', [...tokens(STREAM_EVENTS - 1).map(delta), last]),
  };
}

/** https://docs.anthropic.com/en/docs/build-with-claude/streaming */
function anthropic(): CannedApi {
  const event = (data: { type: string; [field: string]: unknown }) =>
    Buffer.from(`event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`);
  const delta = (text: string) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
  const message = { id: ID, type: 'message', role: 'assistant', model: CLAUDE_MODEL, stop_sequence: null };
  const usage = { input_tokens: 19, output_tokens: 50 };
  const start = { ...message, content: [], stop_reason: null, usage: { input_tokens: 19, output_tokens: 1 } };
  return {
    plain: plain({ ...message, content: [{ type: 'text', text: PLAIN_TEXT }], stop_reason: 'end_turn', usage }),
    stream: stream('text/event-stream', [
      event({ type: 'message_start', message: start }),
      event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
      ...tokens(STREAM_EVENTS - 5).map(delta),
      event({ type: 'content_block_stop', index: 0 }),
      event({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage }),
      event({ type: 'message_stop' }),
    ]),
  };
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html */
function bedrock(): CannedApi {
  const usage = { inputTokens: 19, outputTokens: 50, totalTokens: 69 };
  const delta = (text: string) => awsFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text } });
  return {
    plain: plain({
      output: { message: { role: 'assistant', content: [{ text: PLAIN_TEXT }] } },
      stopReason: 'end_turn',
      usage,
      metrics: { latencyMs: 120 },
    }),
    stream: stream('application/vnd.amazon.eventstream', [
      awsFrame('messageStart', { role: 'assistant' }),
      ...tokens(STREAM_EVENTS - 4).map(delta),
      awsFrame('contentBlockStop', { contentBlockIndex: 0 }),
      awsFrame('messageStop', { stopReason: 'end_turn' }),
      awsFrame('metadata', { usage, metrics: { latencyMs: 120 } }),
    ]),
  };
}

/** https://ai.google.dev/api/generate-content: every event is a whole answer object. */
function gemini(): CannedApi {
  const answer = (text: string, finishReason?: string) => ({
    candidates: [
      {
        content: { role: 'model', parts: [{ text }] },
        index: 0,
        ...(finishReason === undefined ? {} : { finishReason }),
      },
    ],
    usageMetadata: { promptTokenCount: 19, candidatesTokenCount: 50, totalTokenCount: 69 },
    modelVersion: GEMINI_MODEL,
    responseId: ID,
  });
  const texts = tokens(STREAM_EVENTS);
  const events = texts.map((text, index) => answer(text, index === texts.length - 1 ? 'STOP' : undefined));
  return {
    plain: plain(answer(PLAIN_TEXT, 'STOP')),
    stream: stream(
      'text/event-stream',
      events.map((event) => Buffer.from(`data: ${JSON.stringify(event)}\r\n\r\n`)),
    ),
  };
}

/** Every wire API by the end of its path, the question mark and what follows taken off. */
export function cannedApis(): { pathEnd: string; api: CannedApi; streams?: boolean }[] {
  const onBedrock = bedrock();
  const onGemini = gemini();
  return [
    { pathEnd: '/chat/completions', api: openAi() },
    { pathEnd: '/messages', api: anthropic() },
    { pathEnd: '/converse', api: onBedrock, streams: false },
    { pathEnd: '/converse-stream', api: onBedrock, streams: true },
    { pathEnd: ':generateContent', api: onGemini, streams: false },
    { pathEnd: ':streamGenerateContent', api: onGemini, streams: true },
  ];
}

const OK_JSON = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
const OK_SSE = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';

/** Bytes of one write of a long answer. */
const LONG_PIECE = 64 * 1024;

/** A long OpenAI answer of about so many bytes: one JSON document, or a stream of 64 KiB writes of many events each. */
export function longAnswer(bytes: number, streamed: boolean): Canned & { repeat: number; last: Buffer } {
  const repeat = Math.ceil(bytes / LONG_PIECE);
  if (streamed) {
    const one = openAiEvent({ choices: [{ index: 0, delta: { content: 'tok '.repeat(200) }, finish_reason: null }] });
    const piece = chunk(Buffer.concat(Array(Math.floor(LONG_PIECE / one.length)).fill(one)));
    const last = Buffer.concat([chunk(Buffer.from('data: [DONE]\n\n')), Buffer.from('0\r\n\r\n')]);
    return { head: Buffer.from(OK_SSE), pieces: [piece], repeat, last };
  }
  const first = Buffer.from(
    `{"id":"${ID}","object":"chat.completion","created":1760000000,"model":"${OPENAI_MODEL}","choices":[{"index":0,"message":{"role":"assistant","content":"`,
  );
  const last = Buffer.from(
    '"},"finish_reason":"stop"}],"usage":{"prompt_tokens":19,"completion_tokens":50,"total_tokens":69}}',
  );
  const length = first.length + repeat * LONG_PIECE + last.length;
  const head = Buffer.concat([Buffer.from(`${OK_JSON}content-length: ${length}\r\n\r\n`), first]);
  return { head, pieces: [Buffer.alloc(LONG_PIECE, 'tokens ')], repeat, last };
}
