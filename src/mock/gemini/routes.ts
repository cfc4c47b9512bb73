import type { ApiFamily, Route } from '../call.ts';
import { geminiApi, vertexApi } from './api.ts';
import { batchEmbedContents, embedContent, getGeminiModel, listGeminiModels, predict } from './embeddings.ts';
import { countContentTokens, generateContent, streamGenerateContent } from './generate.ts';
import { rawPredict, streamRawPredict, vertexAnthropicApi } from './vertex-anthropic.ts';

function post(pattern: RegExp, handle: Route['handle'], api: ApiFamily): Route {
  return { methods: ['POST'], pattern, api, body: 'json', handle };
}

/** Gemini's verbs; `base` ends before the model's name. */
function verbs(base: string, api: ApiFamily): Route[] {
  const at = (verb: string): RegExp => new RegExp(`${base}([^/:]+)(?::|%3A)${verb}$`);
  return [
    post(at('generateContent'), generateContent, api),
    post(at('streamGenerateContent'), streamGenerateContent, api),
    post(at('countTokens'), countContentTokens, api),
    post(at('embedContent'), embedContent, api),
    post(at('batchEmbedContents'), batchEmbedContents, api),
  ];
}

/** AI Studio, Vertex AI and Claude on Vertex AI. */
export const geminiRoutes: readonly Route[] = [
  post(/\/publishers\/anthropic\/models\/([^/:]+):rawPredict$/, rawPredict, vertexAnthropicApi),
  post(/\/publishers\/anthropic\/models\/([^/:]+):streamRawPredict$/, streamRawPredict, vertexAnthropicApi),
  post(/\/publishers\/google\/models\/([^/:]+):predict$/, predict, vertexApi),
  ...verbs('/publishers/google/models/', vertexApi),
  ...verbs('/models/', geminiApi),
  { methods: ['GET'], pattern: /\/v1beta\/models$/, api: geminiApi, body: 'raw', handle: listGeminiModels },
  { methods: ['GET'], pattern: /\/v1beta\/models\/([^/]+)$/, api: geminiApi, body: 'raw', handle: getGeminiModel },
];
