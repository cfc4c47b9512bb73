import type { DialectName } from '../dialects/names.ts';

/** The `provider` of a cluster. */
export const PROVIDER_NAMES = [
  'openai',
  'azure-openai',
  'anthropic',
  'aws-bedrock',
  'aws-anthropic',
  'google',
  'gcp-vertex',
  'gcp-anthropic',
  'huggingface',
  'tgi',
  'cohere',
  'mistral',
  'groq',
  'deepseek',
  'xai',
  'together',
  'fireworks',
  'openrouter',
  'deepinfra',
  'sambanova',
  'perplexity',
  'cerebras',
  'nvidia',
  'hunyuan',
  'ollama',
  'vllm',
  'kserve',
  'openai-compatible',
  'demo',
] as const;

/** The name of one vendor or server kind. */
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** How a provider wants to be shown who calls. */
export type AuthScheme =
  /** `authorization: Bearer KEY` */
  | 'bearer'
  /** `x-api-key: KEY` (Anthropic) */
  | 'x-api-key'
  /** `api-key: KEY` (Azure) */
  | 'api-key'
  /** `x-goog-api-key: KEY` (Google AI Studio) */
  | 'x-goog-api-key'
  /** Signature Version 4, service `bedrock`. */
  | 'aws-sigv4'
  /** `authorization: Bearer TOKEN` of Google's OAuth. */
  | 'gcp-token'
  | 'none';

/** A vendor or server kind, as data: which APIs it speaks, where, and how it is paid. */
export interface ProviderDescriptor {
  readonly name: ProviderName;
  /** Name for people, as in the README's table. */
  readonly title: string;
  /** `gen_ai.provider.name` in metrics, spans and logs. */
  readonly metricsName: string;
  /** Used when the cluster names no endpoint; absent: the endpoint is required. `{region}` is filled in. */
  readonly defaultEndpoint?: string;
  /** First path segment(s) after the endpoint, such as `v1`; a cluster's `prefix` overrides it. */
  readonly defaultPrefix: string;
  /** Whether a path in the endpoint URL takes the prefix's place (OpenAI's base URLs end in `/v1`) or stands before it. */
  readonly endpointPath: 'replaces-prefix' | 'before-prefix';
  readonly auth: AuthScheme;
  /** What a cluster of this provider must or may name beside the endpoint. */
  readonly needs: readonly ('region' | 'project' | 'api_version')[];
  /** APIs it speaks, the preferred target of a translation first in each family. */
  readonly dialects: Partial<Record<DialectName, DialectBinding>>;
  /** Where and how it lists its models; absent: it has no list that the gateway reads. */
  readonly modelList?: ModelListBinding;
  /** Spelling of the output limit in chat completions; absent: `max_completion_tokens`. */
  readonly maxTokensField?: 'max_tokens' | 'max_completion_tokens';
}

/** How one dialect is reached at a provider. */
export interface DialectBinding {
  /** The path after endpoint and prefix, with its query if any. Must escape what it takes from the request. */
  path(request: PathInput): string;
  /**
   * How the body is wrapped: `bedrock-invoke` and `vertex-raw-predict` carry Anthropic's API without
   * `model` (and, on Bedrock, without `stream`), with `anthropic_version`, Bedrock's streams in AWS event frames.
   */
  readonly envelope?: Envelope;
  /** Set where the path must not get the cluster's prefix. */
  readonly skipPrefix?: boolean;
  /** Set where only requests of this very API may go there, none that were translated. */
  readonly sameDialectOnly?: boolean;
}

/** A provider's list of models. */
export interface ModelListBinding {
  /** Path after endpoint and prefix, with its query if any. */
  readonly path: string;
  /** `openai` and `anthropic`: `data[].id`; `google`: `models[].name` behind `models/`; `cohere`: `models[].name`. */
  readonly form: 'openai' | 'anthropic' | 'google' | 'cohere';
}

/** A wrapping of another vendor's API. */
export type Envelope = 'bedrock-invoke' | 'vertex-raw-predict';

/** What a path may be made of. */
export interface PathInput {
  /** The target's model name, unescaped; empty for requests without one. */
  model: string;
  stream: boolean;
  /** The client's path below the API root, with a leading slash, such as `/chat/completions` or `/files/f-1/content`. */
  suffix: string;
  apiVersion: string;
  region: string;
  project: string;
}
