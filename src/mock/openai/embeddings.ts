import type { JsonValue } from '../../json/types.ts';
import { isObject } from '../../json/types.ts';
import { countTokens } from '../brain/tokens.ts';
import { embedText, vectorToBase64 } from '../brain/vectors.ts';
import { type Call, jsonReply, type Reply } from '../call.ts';
import { listOf, numberOf, stringOf } from '../json-read.ts';
import { Refusal } from '../refusal.ts';
import { tokenIdsText } from './completions.ts';
import { acceptModel } from './models.ts';

const DEFAULT_DIMENSIONS = 1536;
const LARGE_DIMENSIONS = 3072;

/** Makes `POST /embeddings`; `check` refuses what strict mode does not accept. */
export function embeddingsEndpoint(check: (call: Call) => void): (call: Call) => Reply {
  return (call) => {
    if (call.strict) check(call);
    const model = stringOf(call.json['model']) || (call.params[0] ?? '');
    acceptModel(call, model);
    const inputs = inputsOf(call.json['input']);
    if (inputs.length === 0 || inputs.includes('')) {
      throw new Refusal({ status: 400, message: "'$.input' is invalid. Please check the API reference." });
    }
    const dimensions =
      numberOf(call.json['dimensions']) ?? (/large/.test(model) ? LARGE_DIMENSIONS : DEFAULT_DIMENSIONS);
    if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > 16_384) {
      throw new Refusal({ status: 400, message: "Invalid 'dimensions'.", param: 'dimensions' });
    }
    const base64 = call.json['encoding_format'] === 'base64';
    const tokens = inputs.reduce((sum, text) => sum + countTokens(text), 0);
    const data = inputs.map((text, index): JsonValue => {
      const vector = embedText(text, dimensions);
      return { object: 'embedding', index, embedding: base64 ? vectorToBase64(vector) : vector };
    });
    return jsonReply(
      { object: 'list', data, model, usage: { prompt_tokens: tokens, total_tokens: tokens } },
      { usage: { input: tokens, output: 0 } },
    );
  };
}

/** A string, strings, token ids, lists of token ids, or objects with a `text` or `content`. */
function inputsOf(input: JsonValue | undefined): string[] {
  if (typeof input === 'string') return [input];
  const list = listOf(input);
  if (list.length > 0 && list.every((one) => typeof one === 'number')) return [tokenIdsText(list)];
  return list.map((one) => {
    if (typeof one === 'string') return one;
    if (isObject(one)) return stringOf(one['text']) || stringOf(one['content']);
    return tokenIdsText(listOf(one));
  });
}
