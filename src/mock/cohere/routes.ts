import type { Route } from '../call.ts';
import { cohereApi } from './api.ts';
import { chat } from './chat.ts';
import { embed, rerank } from './embed.ts';

function post(pattern: RegExp, handle: Route['handle']): Route {
  return { methods: ['POST'], pattern, api: cohereApi, body: 'json', handle };
}

/** Cohere's version 2, under any prefix; `rerank` in versions 1 and 2. */
export const cohereRoutes: readonly Route[] = [
  post(/\/v2\/chat$/, chat),
  post(/\/v2\/embed$/, embed),
  post(/\/v[12]\/rerank$/, rerank),
];
