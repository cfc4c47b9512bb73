import type { DialectName } from '../dialects/names.ts';

/** Where an operation names its model. */
export type ModelSource = 'json' | 'form' | 'none';

/** A client path: what it does and which API it belongs to. */
export interface Endpoint {
  /** `gen_ai.operation.name` in metrics, spans and logs. */
  readonly operation: string;
  readonly dialect: DialectName;
  readonly methods: readonly string[];
  readonly model: ModelSource;
  /** The path below the API root as providers know it, such as `/chat/completions`. */
  readonly suffix: string;
}

/** How errors on paths of an API look, also on paths that it does not have. */
export interface MatchedPath {
  /** Undefined for a path the gateway does not serve. */
  endpoint: Endpoint | undefined;
  /** The dialect of the errors; undefined for paths outside every API. */
  errors: DialectName | undefined;
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

/** Every fixed path. `GET /v1/models` is answered by the gateway and stands in `models-list.ts`. */
const FIXED: ReadonlyMap<string, Endpoint> = new Map([
  ...OPENAI_ENDPOINTS.map((endpoint): [string, Endpoint] => [`/v1${endpoint.suffix}`, endpoint]),
  ['/v1/messages', MESSAGES],
  ['/anthropic/v1/messages', MESSAGES],
  ['/v1/messages/count_tokens', COUNT_TOKENS],
  ['/anthropic/v1/messages/count_tokens', COUNT_TOKENS],
  ['/tokenize', TOKENIZE],
  ['/cohere/v2/rerank', RERANK],
]);

/** All endpoints, for tests that walk them. */
export function allEndpoints(): { path: string; endpoint: Endpoint }[] {
  const trees = OPENAI_TREES.map(({ prefix }) => ({
    path: `/v1${prefix}`,
    endpoint: matchTree(`${prefix}/id`) as Endpoint,
  }));
  return [...[...FIXED].map(([path, endpoint]) => ({ path, endpoint })), ...trees];
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

/** Finds what a path (without query) stands for. */
export function matchPath(path: string): MatchedPath {
  const fixed = FIXED.get(path);
  if (fixed !== undefined) return { endpoint: fixed, errors: fixed.dialect };
  if (path.startsWith('/v1/messages') || path.startsWith('/anthropic/'))
    return { endpoint: undefined, errors: 'anthropic' };
  if (path.startsWith('/v1/')) {
    const endpoint = isUnsafe(path) ? undefined : matchTree(path.slice(3));
    return { endpoint, errors: 'openai-chat' };
  }
  return { endpoint: undefined, errors: undefined };
}
