import type { JsonObject, JsonValue } from '../../json/types.ts';
import { countTokens } from '../brain/tokens.ts';
import { embedText } from '../brain/vectors.ts';
import { type Call, jsonReply, type Reply } from '../call.ts';
import { numberOf, objectOf, objectsOf, stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { acceptGeminiModel } from './generate.ts';
import { partsOf, pick } from './read-generate.ts';

const DEFAULT_DIMENSIONS = 3072;
const VERTEX_DIMENSIONS = 768;

/** `POST ...models/{model}:embedContent`. */
export function embedContent(call: Call): Reply {
  acceptGeminiModel(call, call.params[0] ?? '');
  const one = embedOne(call.json);
  const usage = { input: one.tokens, output: 0 };
  return jsonReply({ embedding: one.embedding, usageMetadata: { promptTokenCount: one.tokens } }, { usage });
}

/** `POST ...models/{model}:batchEmbedContents`. */
export function batchEmbedContents(call: Call): Reply {
  acceptGeminiModel(call, call.params[0] ?? '');
  const requests = objectsOf(call.json['requests']);
  if (requests.length === 0) {
    throw new Refusal({
      status: 400,
      message: '* BatchEmbedContentsRequest.requests: at least one request is required',
    });
  }
  const all = requests.map(embedOne);
  const tokens = all.reduce((sum, one) => sum + one.tokens, 0);
  return jsonReply({ embeddings: all.map((one) => one.embedding) }, { usage: { input: tokens, output: 0 } });
}

/** Vertex's `POST ...models/{model}:predict` of text embedding models. */
export function predict(call: Call): Reply {
  const model = call.params[0] ?? '';
  acceptGeminiModel(call, model);
  const instances = objectsOf(call.json['instances']);
  if (instances.length === 0) throw new Refusal({ status: 400, message: 'Empty instances.' });
  const wanted = numberOf(pick(objectOf(call.json['parameters']), 'outputDimensionality'));
  const dimensions = wanted ?? (model.startsWith('gemini-') ? DEFAULT_DIMENSIONS : VERTEX_DIMENSIONS);
  let tokens = 0;
  let characters = 0;
  const predictions = instances.map((instance): JsonValue => {
    const text = stringOf(instance['content']);
    if (text === '') throw new Refusal({ status: 400, message: 'The text content is empty.' });
    const count = countTokens(text);
    tokens += count;
    characters += text.length;
    return {
      embeddings: { values: embedText(text, dimensions), statistics: { truncated: false, token_count: count } },
    };
  });
  return jsonReply(
    { predictions, metadata: { billableCharacterCount: characters } },
    { usage: { input: tokens, output: 0 } },
  );
}

/** `GET /v1beta/models`. */
export function listGeminiModels(call: Call): Reply {
  return jsonReply({ models: call.models.map(modelInfo) });
}

/** `GET /v1beta/models/{model}`. */
export function getGeminiModel(call: Call): Reply {
  const id = call.params[0] ?? '';
  if (call.models.includes(id)) return jsonReply(modelInfo(id));
  throw new Refusal({ status: 404, message: `Model is not found: models/${id} for api version v1beta` });
}

function embedOne(request: JsonObject): { embedding: JsonObject; tokens: number } {
  const text = partsOf(request['content'])
    .map((part) => stringOf(part['text']))
    .join('\n');
  if (text === '') {
    throw new Refusal({ status: 400, message: '* EmbedContentRequest.content: contents is not specified' });
  }
  const dimensions = numberOf(pick(request, 'outputDimensionality')) ?? DEFAULT_DIMENSIONS;
  return { embedding: { values: embedText(text, dimensions) }, tokens: countTokens(text) };
}

function modelInfo(id: string): JsonObject {
  return {
    name: `models/${id}`,
    version: '001',
    displayName: id,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 65_536,
    supportedGenerationMethods: ['generateContent', 'countTokens', 'embedContent'],
  };
}
