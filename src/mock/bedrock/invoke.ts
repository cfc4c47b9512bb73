import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { thinkMessage } from '../anthropic/messages.ts';
import { readMessagesBody } from '../anthropic/read-messages.ts';
import { messageEvents, wholeMessage } from '../anthropic/render-messages.ts';
import { checkMessages } from '../anthropic/strict.ts';
import { countTokens } from '../brain/tokens.ts';
import { embedText } from '../brain/vectors.ts';
import { type Call, type Frame, frame, jsonReply, type Reply, type ReplyUsage, type WholeReply } from '../call.ts';
import { numberOf, objectOf, stringOf, stringsOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { eventMessage, eventStreamReply } from './api.ts';
import { readConverse } from './read-converse.ts';
import { checkKnownModel } from './strict.ts';

const LATENCY_MS = 42;
const TITAN_DIMENSIONS = 1024;
const TITAN_SIZES = [256, 384, 512, 1024];

/** `POST /model/{id}/invoke`: Claude's messages, Titan's and Cohere's embeddings. */
export function invoke(call: Call): Reply {
  const model = call.params[0] ?? '';
  if (call.strict) checkKnownModel(call, model);
  if (call.json['inputText'] !== undefined) return titanEmbedding(call);
  if (call.json['texts'] !== undefined || call.json['inputs'] !== undefined) return cohereEmbeddings(call);
  if (call.strict) checkClaude(call.json);
  requireMessages(call.json);
  const { answer, about } = thinkMessage(call, { model: claudeName(model), body: call.json });
  const usage = { input: answer.usage.input, output: answer.usage.output };
  return withCounts(jsonReply(wholeMessage(answer, { ...about, id: bedrockId(about.id) }), { usage }), usage);
}

/** `POST /model/{id}/invoke-with-response-stream`: Claude's events, each base64 inside a binary event. */
export function invokeStream(call: Call): Reply {
  const model = call.params[0] ?? '';
  if (call.strict) {
    checkKnownModel(call, model);
    checkClaude(call.json);
  }
  requireMessages(call.json);
  const { answer, about } = thinkMessage(call, { model: claudeName(model), body: call.json });
  const usage = { input: answer.usage.input, output: answer.usage.output };
  const events = messageEvents(answer, { ...about, id: bedrockId(about.id) });
  return eventStreamReply(chunkFrames(events, usage), usage);
}

/** `POST /model/{id}/count-tokens`. */
export function countBedrockTokens(call: Call): Reply {
  const model = call.params[0] ?? '';
  if (call.strict) checkKnownModel(call, model);
  const input = objectOf(call.json['input']);
  if (isObject(input['converse']))
    return jsonReply({ inputTokens: readConverse(input['converse'], model).inputTokens });
  const body = objectOf(input['invokeModel'])['body'];
  if (typeof body !== 'string') {
    throw new Refusal({ status: 400, message: 'The input must hold either converse or invokeModel.' });
  }
  let parsed: JsonValue = null;
  try {
    parsed = JSON.parse(Buffer.from(body, 'base64').toString('utf8')) as JsonValue;
  } catch {
    // Refused below as not being an object.
  }
  if (!isObject(parsed))
    throw new Refusal({ status: 400, message: 'The invokeModel body is not base64 of a JSON object.' });
  if (call.strict) checkClaude(parsed);
  return jsonReply({ inputTokens: readMessagesBody(parsed, model).inputTokens });
}

function checkClaude(body: JsonObject): void {
  if (stringOf(body['anthropic_version']) === '') {
    throw new Refusal({ status: 400, message: 'anthropic_version: Field required' });
  }
  checkMessages(body, {
    extraFields: ['anthropic_version', 'anthropic_beta'],
    forbiddenFields: ['model', 'stream'],
  });
}

function requireMessages(body: JsonObject): void {
  if (Array.isArray(body['messages'])) return;
  throw new Refusal({
    status: 400,
    message: 'Malformed input request: #: required key [messages] not found, please reformat your input and try again.',
  });
}

function* chunkFrames(events: ReturnType<typeof messageEvents>, usage: ReplyUsage): Generator<Frame> {
  for (const { data, tokens } of events) {
    // Bedrock drops pings and adds its own counts to the last event.
    if (data.type === 'ping') continue;
    const metrics: JsonObject = {
      inputTokenCount: usage.input,
      outputTokenCount: usage.output,
      invocationLatency: LATENCY_MS,
      firstByteLatency: LATENCY_MS,
    };
    const full = data.type === 'message_stop' ? { ...data, 'amazon-bedrock-invocationMetrics': metrics } : data;
    const bytes = Buffer.from(JSON.stringify(full)).toString('base64');
    yield frame(eventMessage('chunk', { bytes, p: 'abcdefgh' }), tokens);
  }
}

function titanEmbedding(call: Call): Reply {
  const text = stringOf(call.json['inputText']);
  const dimensions = numberOf(call.json['dimensions']) ?? TITAN_DIMENSIONS;
  if (text === '') {
    throw new Refusal({
      status: 400,
      message: 'Malformed input request: expected minLength: 1, actual: 0, please reformat your input and try again.',
    });
  }
  const known = ['inputText', 'dimensions', 'normalize', 'embeddingTypes'];
  const unknown = Object.keys(call.json).find((name) => !known.includes(name));
  if (call.strict && unknown !== undefined) {
    throw new Refusal({
      status: 400,
      message: `Malformed input request: #: extraneous key [${unknown}] is not permitted, please reformat your input and try again.`,
    });
  }
  if (call.strict && !TITAN_SIZES.includes(dimensions)) {
    throw new Refusal({
      status: 400,
      message: `Malformed input request: #/dimensions: ${dimensions} is not a valid enum value, please reformat your input and try again.`,
    });
  }
  const embedding = embedText(text, dimensions);
  const usage = { input: countTokens(text), output: 0 };
  return withCounts(
    jsonReply({ embedding, embeddingsByType: { float: embedding }, inputTextTokenCount: usage.input }, { usage }),
    usage,
  );
}

function cohereEmbeddings(call: Call): Reply {
  const texts = stringsOf(call.json['texts']);
  if (call.strict && stringOf(call.json['input_type']) === '') {
    throw new Refusal({
      status: 400,
      message:
        'Malformed input request: #: required key [input_type] not found, please reformat your input and try again.',
    });
  }
  const dimensions = numberOf(call.json['output_dimension']) ?? TITAN_DIMENSIONS;
  const vectors = texts.map((text) => embedText(text, dimensions));
  const usage = { input: texts.reduce((sum, text) => sum + countTokens(text), 0), output: 0 };
  const byType = call.json['embedding_types'] !== undefined;
  const body: JsonObject = {
    id: call.newUuid(),
    response_type: byType ? 'embeddings_by_type' : 'embeddings_floats',
    embeddings: byType ? { float: vectors } : vectors,
    texts,
  };
  return withCounts(jsonReply(body, { usage }), usage);
}

function withCounts(reply: WholeReply, usage: ReplyUsage): WholeReply {
  reply.headers = {
    ...reply.headers,
    'x-amzn-bedrock-input-token-count': String(usage.input),
    'x-amzn-bedrock-output-token-count': String(usage.output),
    'x-amzn-bedrock-invocation-latency': String(LATENCY_MS),
  };
  return reply;
}

/** `us.anthropic.claude-x-v1:0` answers as `claude-x-v1:0`. */
function claudeName(model: string): string {
  return model.replace(/^.*anthropic\./, '');
}

function bedrockId(id: string): string {
  return id.replace(/^msg_/, 'msg_bdrk_');
}
