import type { JsonValue } from '../../json/types.ts';
import { createAsk } from '../brain/ask.ts';
import { textPieces } from '../brain/tokens.ts';
import { type Call, jsonReply, type Reply, type Route } from '../call.ts';
import { objectsOf, stringOf } from '../json-read.ts';
import { openAiApi } from '../openai/api.ts';
import { plainText, readMessages } from '../openai/read-chat.ts';
import { hashText } from '../random.ts';
import { Refusal } from '../refusal.ts';

const VOCABULARY = 32_000;
const MAX_MODEL_LENGTH = 32_768;

/** vLLM's `/tokenize` in both its forms: a `prompt`, or chat `messages`. */
export const vllmRoutes: readonly Route[] = [
  { methods: ['POST'], pattern: /\/tokenize$/, api: openAiApi, body: 'json', handle: tokenize },
];

function tokenize(call: Call): Reply {
  const { prompt, messages } = call.json;
  let pieces: string[];
  if (typeof prompt === 'string') {
    pieces = textPieces(prompt);
  } else if (Array.isArray(messages)) {
    pieces = objectsOf(messages).flatMap((message) => textPieces(plainText(message['content'])));
    // Media and tool calls count as in chat completions, though they have no text to show.
    const ask = createAsk(stringOf(call.json['model']));
    readMessages(ask, objectsOf(messages));
    while (pieces.length < ask.inputTokens) pieces.push('<media>');
  } else {
    throw new Refusal({ status: 400, message: "Either 'prompt' or 'messages' must be given." });
  }
  const tokens = pieces.map((piece): JsonValue => hashText(piece) % VOCABULARY);
  const strings: JsonValue = call.json['return_token_strs'] === true ? pieces : null;
  return jsonReply({ count: tokens.length, max_model_len: MAX_MODEL_LENGTH, tokens, token_strs: strings });
}
