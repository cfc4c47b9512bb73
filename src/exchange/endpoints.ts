import type { DialectName } from '../dialects/names.ts';

/**
 * Where an operation names its model: in the JSON body, in a form, in the path, or nowhere. `route`: its API names none,
 * so that a route or its targets have to; a body that names one all the same is heard.
 */
export type ModelSource = 'json' | 'form' | 'path' | 'route' | 'none';

/** A client path: what it does and which API it belongs to. */
export interface Endpoint {
  /** `gen_ai.operation.name` in metrics, spans and logs. */
  readonly operation: string;
  readonly dialect: DialectName;
  readonly methods: readonly string[];
  readonly model: ModelSource;
  /** The path below the API root as providers know it, such as `/chat/completions`. */
  readonly suffix: string;
  /** Whether a stream is what a body gets that does not say; absent: it is not. */
  readonly streamsUnasked?: true;
  /** Whether the answer is a stream where the path alone decides, whatever the body says. */
  readonly streamInPath?: boolean;
}

/** How errors on paths of an API look, also on paths that it does not have. */
export interface MatchedPath {
  /** Undefined for a path the gateway does not serve. */
  readonly endpoint: Endpoint | undefined;
  /** The dialect of the errors; undefined for paths outside every API. */
  readonly errors: DialectName | undefined;
  /** What the path says of the request, where its API puts it there. */
  readonly inPath?: { readonly model: string; readonly stream: boolean };
}

const POST = ['POST'];

function openai(operation: string, dialect: DialectName, options: { suffix: string; model?: ModelSource }): Endpoint {
  return { operation, dialect, methods: POST, model: options.model ?? 'json', suffix: options.suffix };
}

/** Fixed paths below OpenAI's API root `/v1` (https://platform.openai.com/docs/api-reference). */
const OPENAI_ENDPOINTS: readonly Endpoint[] = [
  openai('chat', 'openai-chat', { suffix: '/chat/completions' }),
  openai('completion', 'openai-completions', { suffix: '/completions' }),
  openai('embeddings', 'openai-embeddings', { suffix: '/embeddings' }),
  openai('responses', 'openai-responses', { suffix: '/responses' }),
  openai('responses_input_tokens', 'openai-input-tokens', { suffix: '/responses/input_tokens' }),
  openai('image_generation', 'openai-images', { suffix: '/images/generations' }),
  openai('image_edit', 'openai-images', { suffix: '/images/edits', model: 'form' }),
  openai('image_variation', 'openai-images', { suffix: '/images/variations', model: 'form' }),
  openai('speech', 'openai-speech', { suffix: '/audio/speech' }),
  openai('transcription', 'openai-transcription', { suffix: '/audio/transcriptions', model: 'form' }),
  openai('translation', 'openai-transcription', { suffix: '/audio/translations', model: 'form' }),
  openai('moderation', 'openai-moderations', { suffix: '/moderations' }),
];

/** APIs of OpenAI that are passed on below a prefix, whatever follows it. */
const OPENAI_TREES: readonly { prefix: string; operation: string; dialect: DialectName }[] = [
  { prefix: '/files', operation: 'files', dialect: 'openai-files' },
  { prefix: '/uploads', operation: 'files', dialect: 'openai-files' },
  { prefix: '/batches', operation: 'batches', dialect: 'openai-files' },
  { prefix: '/fine_tuning', operation: 'fine_tuning', dialect: 'openai-files' },
  { prefix: '/responses', operation: 'responses', dialect: 'openai-responses' },
];

const TREE_METHODS = ['GET', 'POST', 'DELETE'];

const MESSAGES: Endpoint = {
  operation: 'messages',
  dialect: 'anthropic',
  methods: POST,
  model: 'json',
  suffix: '/messages',
};
const COUNT_TOKENS: Endpoint = {
  operation: 'count_tokens',
  dialect: 'anthropic-count-tokens',
  methods: POST,
  model: 'json',
  suffix: '/messages/count_tokens',
};
const TOKENIZE: Endpoint = {
  operation: 'tokenize',
  dialect: 'vllm-tokenize',
  methods: POST,
  model: 'json',
  suffix: '/tokenize',
};
const RERANK: Endpoint = {
  operation: 'rerank',
  dialect: 'cohere-rerank',
  methods: POST,
  model: 'json',
  suffix: '/rerank',
};

const COHERE_CHAT: Endpoint = {
  operation: 'chat',
  dialect: 'cohere-chat',
  methods: POST,
  model: 'json',
  suffix: '/chat',
};
const COHERE_EMBED: Endpoint = {
  operation: 'embeddings',
  dialect: 'cohere-embeddings',
  methods: POST,
  model: 'json',
  suffix: '/embed',
};

const POST_JSON = { methods: POST, model: 'json' } as const;
const POST_ROUTED = { methods: POST, model: 'route' } as const;

/**
 * Paths that are served only where a virtual service asks for them under `endpoints`: they would be taken for the
 * gateway's own elsewhere. Ollama's (https://docs.ollama.com/api) and Hugging Face TGI's
 * (https://huggingface.github.io/text-generation-inference), whose `stream` counts on the path `/` alone.
 */
const ON_REQUEST: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['/api/chat', { ...POST_JSON, operation: 'chat', dialect: 'ollama-chat', suffix: '/api/chat', streamsUnasked: true }],
  [
    '/api/generate',
    {
      ...POST_JSON,
      operation: 'completion',
      dialect: 'ollama-generate',
      suffix: '/api/generate',
      streamsUnasked: true,
    },
  ],
  ['/generate', { ...POST_ROUTED, operation: 'completion', dialect: 'tgi', suffix: '/generate', streamInPath: false }],
  [
    '/generate_stream',
    { ...POST_ROUTED, operation: 'completion', dialect: 'tgi', suffix: '/generate_stream', streamInPath: true },
  ],
]);

/** Gemini's methods behind the colon of `/v1beta/models/{model}:{method}` (https://ai.google.dev/api). */
const GEMINI_METHODS: ReadonlyMap<string, Endpoint & { stream: boolean }> = new Map(
  (
    [
      ['generateContent', 'chat', 'gemini', false],
      ['streamGenerateContent', 'chat', 'gemini', true],
      ['countTokens', 'count_tokens', 'gemini-count-tokens', false],
      ['embedContent', 'embeddings', 'gemini-embeddings', false],
      ['batchEmbedContents', 'embeddings', 'gemini-embeddings', false],
    ] as const
  ).map(([method, operation, dialect, stream]) => [
    method,
    { operation, dialect, methods: POST, model: 'path', suffix: `:${method}`, stream },
  ]),
);

/** Bedrock's operations behind `/model/{id}/` (Amazon Bedrock Runtime API). */
const BEDROCK_OPERATIONS: ReadonlyMap<string, Endpoint & { stream: boolean }> = new Map(
  (
    [
      ['converse', 'chat', 'bedrock-converse', false],
      ['converse-stream', 'chat', 'bedrock-converse', true],
      ['count-tokens', 'count_tokens', 'bedrock-count-tokens', false],
    ] as const
  ).map(([name, operation, dialect, stream]) => [
    name,
    { operation, dialect, methods: POST, model: 'path', suffix: `/${name}`, stream },
  ]),
);

/** Every fixed path. `GET /v1/models` is answered by the gateway and stands in `models-list.ts`. */
const FIXED: ReadonlyMap<string, Endpoint> = new Map([
  ...OPENAI_ENDPOINTS.map((endpoint): [string, Endpoint] => [`/v1${endpoint.suffix}`, endpoint]),
  ['/v1/messages', MESSAGES],
  ['/anthropic/v1/messages', MESSAGES],
  ['/v1/messages/count_tokens', COUNT_TOKENS],
  ['/anthropic/v1/messages/count_tokens', COUNT_TOKENS],
  ['/tokenize', TOKENIZE],
  ['/v2/chat', COHERE_CHAT],
  ['/cohere/v2/chat', COHERE_CHAT],
  ['/v2/embed', COHERE_EMBED],
  ['/cohere/v2/embed', COHERE_EMBED],
  ['/v2/rerank', RERANK],
  ['/cohere/v2/rerank', RERANK],
]);

/** What each fixed path stands for: made once, for most requests ask for one of them. */
const FIXED_MATCHES: ReadonlyMap<string, MatchedPath> = new Map(
  [...FIXED].map(([path, endpoint]) => [path, { endpoint, errors: endpoint.dialect }]),
);

/** The endpoints that are served only where a virtual service asks for them, by the path they have in their own API. */
export function endpointsOnRequest(): { path: string; endpoint: Endpoint }[] {
  return [...ON_REQUEST].map(([path, endpoint]) => ({ path, endpoint }));
}

/** All endpoints that are always served, for tests that walk them. */
export function allEndpoints(): { path: string; endpoint: Endpoint }[] {
  const trees = OPENAI_TREES.map(({ prefix }) => ({
    path: `/v1${prefix}`,
    endpoint: matchTree(`${prefix}/id`) as Endpoint,
  }));
  const gemini = [...GEMINI_METHODS].map(([method, endpoint]) => ({
    path: `/v1beta/models/MODEL:${method}`,
    endpoint,
  }));
  const bedrock = [...BEDROCK_OPERATIONS].map(([name, endpoint]) => ({ path: `/model/MODEL/${name}`, endpoint }));
  return [...[...FIXED].map(([path, endpoint]) => ({ path, endpoint })), ...trees, ...gemini, ...bedrock];
}

function matchTree(suffix: string): Endpoint | undefined {
  for (const tree of OPENAI_TREES) {
    if (suffix === tree.prefix || (suffix.startsWith(tree.prefix) && suffix[tree.prefix.length] === '/')) {
      return { operation: tree.operation, dialect: tree.dialect, methods: TREE_METHODS, model: 'none', suffix };
    }
  }
  return undefined;
}

/** Whether a path would leave its tree once a server resolves dot segments or decodes escapes. */
function isUnsafe(path: string): boolean {
  return path.includes('/../') || path.endsWith('/..') || path.includes('//') || /%2e|%2f|%5c|\\/i.test(path);
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** A path that names its model, and what stands behind it. */
function matchModelPath(
  path: string,
  shape: { prefix: string; separator: string; operations: ReadonlyMap<string, Endpoint & { stream: boolean }> },
): Pick<MatchedPath, 'endpoint' | 'inPath'> {
  const rest = path.slice(shape.prefix.length);
  const at = rest.lastIndexOf(shape.separator);
  const found = at <= 0 ? undefined : shape.operations.get(rest.slice(at + 1));
  const model = found === undefined ? undefined : unescaped(rest.slice(0, at));
  if (found === undefined || model === undefined) return { endpoint: undefined };
  return { endpoint: found, inPath: { model, stream: found.stream } };
}

/** Google's SDK calls the same methods below `/v1` as below `/v1beta`. */
function matchGemini(path: string): Pick<MatchedPath, 'endpoint' | 'inPath'> {
  const prefix = path.startsWith('/v1beta/models/') ? '/v1beta/models/' : '/v1/models/';
  return matchModelPath(path, { prefix, separator: ':', operations: GEMINI_METHODS });
}

/** Finds what a virtual service means by a path that stands behind one of its own: also what is served on request alone. */
export function matchConfiguredPath(path: string): MatchedPath {
  const endpoint = ON_REQUEST.get(path);
  return endpoint === undefined ? matchPath(path) : { endpoint, errors: endpoint.dialect };
}

/** Finds what a path (without query) stands for. */
export function matchPath(path: string): MatchedPath {
  const fixed = FIXED_MATCHES.get(path);
  if (fixed !== undefined) return fixed;
  if (path.startsWith('/v1beta/') || (path.startsWith('/v1/models/') && path.includes(':'))) {
    return { errors: 'gemini', ...matchGemini(path) };
  }
  if (path.startsWith('/model/')) {
    const matched = matchModelPath(path, { prefix: '/model/', separator: '/', operations: BEDROCK_OPERATIONS });
    return { errors: 'bedrock-converse', ...matched };
  }
  if (path.startsWith('/v2/') || path.startsWith('/cohere/')) return { endpoint: undefined, errors: 'cohere-chat' };
  if (path.startsWith('/v1/messages') || path.startsWith('/anthropic/'))
    return { endpoint: undefined, errors: 'anthropic' };
  if (path.startsWith('/v1/')) {
    const endpoint = isUnsafe(path) ? undefined : matchTree(path.slice(3));
    return { endpoint, errors: 'openai-chat' };
  }
  return { endpoint: undefined, errors: undefined };
}
