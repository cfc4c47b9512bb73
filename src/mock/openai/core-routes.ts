import type { ApiFamily, Call, Route } from '../call.ts';
import { openAiApi } from './api.ts';
import { chatEndpoint } from './chat.ts';
import { completionsEndpoint } from './completions.ts';
import { embeddingsEndpoint } from './embeddings.ts';
import { getModel, listModels } from './models.ts';
import {
  cancelResponse,
  countInputTokens,
  deleteResponse,
  getResponse,
  listInputItems,
  responsesEndpoint,
} from './responses.ts';

/** What strict mode refuses on the core endpoints. */
export interface CoreChecks {
  chat(call: Call): void;
  completions(call: Call): void;
  embeddings(call: Call): void;
  responses(call: Call): void;
}

/** The endpoints of `openAiCoreRoutes`, by name: batches run on them too. */
export interface CoreEndpoints {
  chat: Route['handle'];
  completions: Route['handle'];
  embeddings: Route['handle'];
  responses: Route['handle'];
}

/** Makes the core endpoints. */
export function coreEndpoints(checks: CoreChecks): CoreEndpoints {
  return {
    chat: chatEndpoint(checks.chat),
    completions: completionsEndpoint(checks.completions),
    embeddings: embeddingsEndpoint(checks.embeddings),
    responses: responsesEndpoint(checks.responses),
  };
}

/**
 * Chat completions, completions, embeddings, responses and models, under any prefix: a path fits
 * by its end. Azure's classic paths come first, with the deployment as the model.
 */
export function openAiCoreRoutes(endpoints: CoreEndpoints, azure?: ApiFamily): Route[] {
  const post = (pattern: RegExp, handle: Route['handle'], api = openAiApi): Route => ({
    methods: ['POST'],
    pattern,
    api,
    body: 'json',
    handle,
  });
  const raw = (method: string, pattern: RegExp, handle: Route['handle'], api = openAiApi): Route => ({
    methods: [method],
    pattern,
    api,
    body: 'raw',
    handle,
  });
  const azureRoutes =
    azure === undefined
      ? []
      : [
          post(/\/openai\/deployments\/([^/]+)\/chat\/completions$/, endpoints.chat, azure),
          post(/\/openai\/deployments\/([^/]+)\/completions$/, endpoints.completions, azure),
          post(/\/openai\/deployments\/([^/]+)\/embeddings$/, endpoints.embeddings, azure),
          post(/\/openai\/responses$/, endpoints.responses, azure),
          post(/\/openai\/responses\/input_tokens$/, countInputTokens, azure),
          raw('POST', /\/openai\/responses\/([^/]+)\/cancel$/, cancelResponse, azure),
          raw('GET', /\/openai\/responses\/([^/]+)\/input_items$/, listInputItems, azure),
          raw('GET', /\/openai\/responses\/([^/]+)$/, getResponse, azure),
          raw('DELETE', /\/openai\/responses\/([^/]+)$/, deleteResponse, azure),
        ];
  return [
    ...azureRoutes,
    post(/\/chat\/completions$/, endpoints.chat),
    post(/\/completions$/, endpoints.completions),
    post(/\/embeddings$/, endpoints.embeddings),
    post(/\/responses\/input_tokens$/, countInputTokens),
    raw('POST', /\/responses\/([^/]+)\/cancel$/, cancelResponse),
    post(/\/responses$/, endpoints.responses),
    raw('GET', /\/responses\/([^/]+)\/input_items$/, listInputItems),
    raw('GET', /\/responses\/([^/]+)$/, getResponse),
    raw('DELETE', /\/responses\/([^/]+)$/, deleteResponse),
    raw('GET', /\/models$/, listModels),
    raw('GET', /\/models\/(.+)$/, getModel),
  ];
}
