import type { Route } from '../call.ts';
import { anthropicApi } from './api.ts';
import { countMessageTokens, createMessage, getAnthropicModel, listAnthropicModels } from './messages.ts';

/** The messages API under any prefix. Its models list is told from OpenAI's by a header. */
export const anthropicRoutes: readonly Route[] = [
  { methods: ['POST'], pattern: /\/messages$/, api: anthropicApi, body: 'json', handle: createMessage },
  {
    methods: ['POST'],
    pattern: /\/messages\/count_tokens$/,
    api: anthropicApi,
    body: 'json',
    handle: countMessageTokens,
  },
  {
    methods: ['GET'],
    pattern: /\/models$/,
    api: anthropicApi,
    body: 'raw',
    handle: listAnthropicModels,
    onlyWithHeader: 'anthropic-version',
  },
  {
    methods: ['GET'],
    pattern: /\/models\/([^/]+)$/,
    api: anthropicApi,
    body: 'raw',
    handle: getAnthropicModel,
    onlyWithHeader: 'anthropic-version',
  },
];
