import type { Endpoint } from './endpoints.ts';

/** Parameters that only OpenAI's GPT image models have (https://platform.openai.com/docs/api-reference/images). */
const GPT_IMAGE_FIELDS = [
  'background',
  'input_fidelity',
  'moderation',
  'output_compression',
  'output_format',
  'partial_images',
  'stream',
];

/**
 * The model that OpenAI takes where a request names none, for routing and metering; undefined where it demands one.
 * `has`: whether the request has this field. The request itself goes on without a model, so that the provider decides.
 */
export function defaultModel(endpoint: Endpoint, has: (field: string) => boolean): string | undefined {
  if (endpoint.dialect === 'openai-moderations') return 'omni-moderation-latest';
  if (endpoint.dialect !== 'openai-images') return undefined;
  const wantsGpt = endpoint.suffix !== '/images/variations' && GPT_IMAGE_FIELDS.some(has);
  return wantsGpt ? 'gpt-image-1' : 'dall-e-2';
}
