import { type ClientApi, messagesOf, toolsOf } from './conversation.ts';
import { CLIENT_KEY } from './gateway-config.ts';

/** What to send: one request, made of these. */
export interface RequestSpec {
  /** Wire API the client speaks. */
  api: ClientApi;
  model: string;
  stream: boolean;
  /** Size of the body to aim at; from 1 MiB on it is a question about a picture. */
  bodyBytes: number;
  /** Microseconds the provider waits between the events of the answer. */
  gapUs?: number;
  /** Length of the provider's answer, for long ones. */
  answerBytes?: number;
  /** A talk of so many messages, instead of one message of `bodyBytes`. */
  messages?: number;
  /** So many tools beside the messages. */
  tools?: number;
}

/** A request ready to be written, and how its answer must end. */
export interface BuiltRequest {
  head: Buffer;
  body: Buffer;
  /** Stands near the end of a whole answer's body. */
  marker: string;
}

/** From this size on the body carries a picture, as bodies of that size do. */
const PICTURE_FROM = 1024 * 1024;
/** Room that the rest of the body takes. */
const FRAME_BYTES = 220;

function content(spec: RequestSpec): unknown {
  const room = Math.max(16, spec.bodyBytes - FRAME_BYTES);
  if (spec.bodyBytes < PICTURE_FROM)
    return 'The quick brown fox jumps over the lazy dog. '.repeat(room / 45 + 1).slice(0, room);
  const data = Buffer.alloc(Math.floor((room * 3) / 4), 'picture ').toString('base64');
  return [
    { type: 'text', text: 'What is in this picture?' },
    { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
  ];
}

function bodyOf(spec: RequestSpec): object {
  const talk =
    spec.messages === undefined ? [{ role: 'user', content: content(spec) }] : messagesOf(spec.api, spec.messages);
  const tools = spec.tools === undefined ? {} : { tools: toolsOf(spec.api, spec.tools) };
  const streaming = spec.stream ? { stream: true } : {};
  if (spec.api === 'anthropic') return { model: spec.model, max_tokens: 1024, messages: talk, ...tools, ...streaming };
  const messages = [{ role: 'system', content: 'You are a helpful assistant.' }, ...talk];
  const options = spec.stream ? { ...tools, ...streaming, stream_options: { include_usage: true } } : tools;
  // Client libraries differ in where the model stands. In a large body it stands last, which is the dearer place to find it.
  return spec.bodyBytes < PICTURE_FROM
    ? { model: spec.model, messages, ...options }
    : { messages, model: spec.model, ...options };
}

/** Builds the bytes of a request as a client library sends them. */
export function buildRequest(spec: RequestSpec): BuiltRequest {
  const body = Buffer.from(JSON.stringify(bodyOf(spec)));
  const path = spec.api === 'openai' ? '/v1/chat/completions' : '/v1/messages';
  const head = [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    'user-agent: bench/1',
    'accept: application/json',
    'content-type: application/json',
    `authorization: Bearer ${CLIENT_KEY}`,
    ...(spec.gapUs === undefined ? [] : [`x-gap-us: ${spec.gapUs}`]),
    ...(spec.answerBytes === undefined ? [] : [`x-answer-bytes: ${spec.answerBytes}`]),
    `content-length: ${body.length}`,
  ];
  const marker = spec.stream ? (spec.api === 'openai' ? '[DONE]' : 'message_stop') : '}';
  return { head: Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body, marker };
}
