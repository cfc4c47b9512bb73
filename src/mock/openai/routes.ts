import type { ApiFamily, Route } from '../call.ts';
import { azureApi, openAiApi } from './api.ts';
import { speak, transcribe, translate } from './audio.ts';
import { cancelBatch, createBatchEndpoint, getBatch, listBatches } from './batches.ts';
import { coreEndpoints, openAiCoreRoutes } from './core-routes.ts';
import { deleteFile, getFile, getFileContent, listFiles, uploadFile } from './files.ts';
import { cancelJob, createJob, getJob, listJobDetails, listJobs } from './fine-tuning.ts';
import { editImages, generateImages, varyImages } from './images.ts';
import { deleteModel } from './models.ts';
import { moderate } from './moderations.ts';
import { checkChat, checkCompletions, checkEmbeddings, checkResponses } from './strict.ts';

const endpoints = coreEndpoints({
  chat: checkChat,
  completions: checkCompletions,
  embeddings: checkEmbeddings,
  responses: checkResponses,
});

const createBatch = createBatchEndpoint({
  '/v1/chat/completions': endpoints.chat,
  '/v1/completions': endpoints.completions,
  '/v1/embeddings': endpoints.embeddings,
  '/v1/responses': endpoints.responses,
});

function route(method: string, pattern: RegExp, handle: Route['handle'], body: Route['body'] = 'raw'): Route {
  return { methods: [method], pattern, api: openAiApi, body, handle };
}

function azureTwin(method: string, pattern: RegExp, handle: Route['handle'], body: Route['body'] = 'raw'): Route {
  const api: ApiFamily = azureApi;
  return { methods: [method], pattern, api, body, handle };
}

/** Every OpenAI endpoint, and Azure's spelling of those that have one. */
export const openAiRoutes: readonly Route[] = [
  azureTwin('POST', /\/openai\/deployments\/[^/]+\/images\/generations$/, generateImages, 'json'),
  azureTwin('POST', /\/openai\/deployments\/[^/]+\/images\/edits$/, editImages),
  azureTwin('POST', /\/openai\/deployments\/[^/]+\/audio\/speech$/, speak, 'json'),
  azureTwin('POST', /\/openai\/deployments\/[^/]+\/audio\/transcriptions$/, transcribe),
  azureTwin('POST', /\/openai\/deployments\/[^/]+\/audio\/translations$/, translate),
  ...openAiCoreRoutes(endpoints, azureApi),
  route('DELETE', /\/models\/(.+)$/, deleteModel),
  route('POST', /\/images\/generations$/, generateImages, 'json'),
  route('POST', /\/images\/edits$/, editImages),
  route('POST', /\/images\/variations$/, varyImages),
  route('POST', /\/audio\/speech$/, speak, 'json'),
  route('POST', /\/audio\/transcriptions$/, transcribe),
  route('POST', /\/audio\/translations$/, translate),
  route('POST', /\/moderations$/, moderate, 'json'),
  route('POST', /\/files$/, uploadFile),
  route('GET', /\/files$/, listFiles),
  route('GET', /\/files\/([^/]+)$/, getFile),
  route('DELETE', /\/files\/([^/]+)$/, deleteFile),
  route('GET', /\/files\/([^/]+)\/content$/, getFileContent),
  route('POST', /\/batches$/, createBatch, 'json'),
  route('GET', /\/batches$/, listBatches),
  route('GET', /\/batches\/([^/]+)$/, getBatch),
  route('POST', /\/batches\/([^/]+)\/cancel$/, cancelBatch),
  route('POST', /\/fine_tuning\/jobs$/, createJob, 'json'),
  route('GET', /\/fine_tuning\/jobs$/, listJobs),
  route('GET', /\/fine_tuning\/jobs\/([^/]+)$/, getJob),
  route('POST', /\/fine_tuning\/jobs\/([^/]+)\/cancel$/, cancelJob),
  route('GET', /\/fine_tuning\/jobs\/([^/]+)\/(events|checkpoints)$/, listJobDetails),
];
