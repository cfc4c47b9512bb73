import { anthropicRoutes } from './anthropic/routes.ts';
import { bedrockRoutes } from './bedrock/routes.ts';
import type { Route } from './call.ts';
import { cohereRoutes } from './cohere/routes.ts';
import { geminiRoutes } from './gemini/routes.ts';
import { ollamaRoutes } from './ollama/routes.ts';
import { openAiRoutes } from './openai/routes.ts';
import { tgiRoutes } from './tgi/routes.ts';
import { vllmRoutes } from './vllm/routes.ts';

/** Every endpoint of the mock. Order matters where endings overlap: the longer or rarer one comes first. */
export const mockRoutes: readonly Route[] = [
  ...bedrockRoutes,
  ...geminiRoutes,
  ...anthropicRoutes,
  ...cohereRoutes,
  ...ollamaRoutes,
  ...tgiRoutes,
  ...vllmRoutes,
  ...openAiRoutes,
];
