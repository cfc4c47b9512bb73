import type { JsonObject } from '../../json/types.ts';
import type { ErrorAnswer, ErrorDialect } from '../dialect.ts';
import type { ProviderError } from '../neutral/response.ts';
import { openaiErrors, readOpenAiErrorBody } from '../openai/errors.ts';

function encode(error: ErrorAnswer): JsonObject {
  return { error: error.message };
}

/** Reads `{"error": …}`: a sentence, for which the status gives the type. */
export function readOllamaError(status: number, body: JsonObject): ProviderError {
  return readOpenAiErrorBody(status, body);
}

/** Errors of Ollama: `{"error": …}`, in streams the same in a line of its own. */
export const ollamaErrors: ErrorDialect = {
  encode,
  encodeInStream: (error) => `${JSON.stringify(encode(error))}\n`,
  decode: openaiErrors.decode,
};
