import type { Route } from '../call.ts';
import { bedrockApi } from './api.ts';
import { converse, converseStream } from './converse.ts';
import { countBedrockTokens, invoke, invokeStream } from './invoke.ts';

function post(pattern: RegExp, handle: Route['handle']): Route {
  return { methods: ['POST'], pattern, api: bedrockApi, body: 'json', handle };
}

/** Bedrock's runtime; the model's id is one escaped path segment. */
export const bedrockRoutes: readonly Route[] = [
  post(/\/model\/([^/]+)\/converse$/, converse),
  post(/\/model\/([^/]+)\/converse-stream$/, converseStream),
  post(/\/model\/([^/]+)\/invoke$/, invoke),
  post(/\/model\/([^/]+)\/invoke-with-response-stream$/, invokeStream),
  post(/\/model\/([^/]+)\/count-tokens$/, countBedrockTokens),
];
