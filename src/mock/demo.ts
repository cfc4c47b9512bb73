import type { IncomingMessage, ServerResponse } from 'node:http';
import { createEngine } from './engine.ts';
import { openAiApi } from './openai/api.ts';
import { coreEndpoints, openAiCoreRoutes } from './openai/core-routes.ts';

/** How the demo model behaves. */
export interface DemoOptions {
  /** Pace of streamed answers; default 100. 0: as fast as possible. Whole answers come at once. */
  tokensPerSecond?: number;
}

const DEFAULT_TOKENS_PER_SECOND = 100;
const DEMO_MODEL = 'demo';

/**
 * Makes the handler behind the built-in demo provider: OpenAI's chat completions, completions,
 * embeddings, responses and models, under any prefix, for any model name. Offline, keeps nothing but
 * the responses to continue, is not steered by request headers. For a `node:http` server.
 */
export function createDemoHandler(
  options: DemoOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  const accept = (): void => {};
  const endpoints = coreEndpoints({ chat: accept, completions: accept, embeddings: accept, responses: accept });
  return createEngine({
    routes: openAiCoreRoutes(endpoints),
    fallbackApi: openAiApi,
    controls: false,
    paceWhole: false,
    models: [DEMO_MODEL],
    tokensPerSecond: options.tokensPerSecond ?? DEFAULT_TOKENS_PER_SECOND,
  });
}
