import type { Dialect } from '../../src/dialects/dialect.ts';
import { DIALECT_NAMES, type DialectName } from '../../src/dialects/names.ts';
import { dialect } from '../../src/dialects/registry.ts';
import { chooseBinding } from '../../src/exchange/binding.ts';
import { allEndpoints, type Endpoint, endpointsOnRequest } from '../../src/exchange/endpoints.ts';
import type { ExchangeState } from '../../src/exchange/state.ts';
import { PROVIDER_NAMES, type ProviderDescriptor } from '../../src/providers/provider.ts';
import { providerDescriptor } from '../../src/providers/registry.ts';
import type { Target } from '../../src/snapshot/snapshot.ts';

/** Names of the wire APIs for people. */
const API_TITLES: Readonly<Record<DialectName, string>> = {
  'openai-chat': 'OpenAI chat completions',
  'openai-completions': 'OpenAI completions',
  'openai-responses': 'OpenAI responses',
  'openai-input-tokens': 'OpenAI input token counting',
  'openai-embeddings': 'OpenAI embeddings',
  'openai-images': 'OpenAI images',
  'openai-speech': 'OpenAI speech',
  'openai-transcription': 'OpenAI transcription',
  'openai-moderations': 'OpenAI moderations',
  'openai-files': 'OpenAI files, batches, fine-tuning',
  'vllm-tokenize': 'vLLM tokenize',
  anthropic: 'Anthropic messages',
  'anthropic-count-tokens': 'Anthropic token counting',
  'bedrock-converse': 'Bedrock Converse',
  'bedrock-embeddings': 'Bedrock embeddings',
  gemini: 'Gemini generateContent',
  'bedrock-count-tokens': 'Bedrock token counting',
  'gemini-embeddings': 'Gemini embeddings',
  'gemini-count-tokens': 'Gemini token counting',
  'vertex-count-tokens': 'Vertex AI token counting',
  'vertex-claude-count-tokens': 'Vertex AI token counting (Claude)',
  'vertex-embeddings': 'Vertex AI embeddings',
  'cohere-chat': 'Cohere chat',
  'cohere-embeddings': 'Cohere embeddings',
  'cohere-rerank': 'Cohere rerank',
  tgi: 'TGI generate',
  'ollama-chat': 'Ollama chat',
  'ollama-generate': 'Ollama generate',
};

function apiTitle(name: DialectName): string {
  return API_TITLES[name];
}

function apisOf(provider: ProviderDescriptor): DialectName[] {
  return DIALECT_NAMES.filter((name) => provider.dialects[name] !== undefined);
}

/** Providers that copy OpenAI's API to the same extent have one name in tables. */
const GROUPS: readonly { label: string; like: (typeof PROVIDER_NAMES)[number] }[] = [
  { label: "all of OpenAI's API", like: 'openai' },
  { label: "OpenAI's core API", like: 'mistral' },
];

function groupOf(provider: ProviderDescriptor): string | undefined {
  const apis = apisOf(provider).join();
  return GROUPS.find(({ like }) => apisOf(providerDescriptor(like)).join() === apis)?.label;
}

const providers = PROVIDER_NAMES.map(providerDescriptor);

/** The README's table of providers. */
export function providersTable(): string[] {
  const rows = providers.map((provider) => {
    const group = groupOf(provider);
    const apis = group === undefined ? apisOf(provider).map(apiTitle).join(', ') : group;
    return `| ${provider.title} | \`${provider.name}\` | ${apis} |`;
  });
  return ['| what | `provider` | APIs |', '|---|---|---|', ...rows];
}

/** Who stands behind the group names of the other tables. */
export function groupsTable(): string[] {
  const rows = GROUPS.map(({ label, like }) => {
    const members = providers.filter((provider) => groupOf(provider) === label);
    const apis = apisOf(providerDescriptor(like)).map(apiTitle).join(', ');
    return `| ${label} | ${members.map(({ name }) => `\`${name}\``).join(', ')} | ${apis} |`;
  });
  return ['| name | providers | APIs |', '|---|---|---|', ...rows];
}

function servingNames(found: readonly ProviderDescriptor[]): string {
  const names = found.map((provider) => groupOf(provider) ?? `\`${provider.name}\``);
  return names.length === 0 ? '–' : [...new Set(names)].join(', ');
}

/** How a provider serves an endpoint: in the client's own API, by translation, or not at all. */
function servedBy(endpoint: Endpoint, provider: ProviderDescriptor): 'own' | 'translated' | undefined {
  const state = { endpoint, dialect: dialect(endpoint.dialect) } as ExchangeState;
  const chosen = chooseBinding(state, { cluster: { provider } } as Target);
  if (chosen === undefined) return undefined;
  return chosen.sameDialect ? 'own' : 'translated';
}

/** Who serves these endpoints, a row for each. */
function servingRows(endpoints: readonly { path: string; endpoint: Endpoint }[]): string[] {
  const rows = endpoints.map(({ path, endpoint }) => {
    const how = providers.map((provider) => servedBy(endpoint, provider));
    const own = servingNames(providers.filter((_, index) => how[index] === 'own'));
    const translated = servingNames(providers.filter((_, index) => how[index] === 'translated'));
    const tree = endpoint.model === 'none';
    return `| ${endpoint.methods.join(', ')} | \`${path}${tree ? '/…' : ''}\` | \`${endpoint.operation}\` | ${own} | ${translated} |`;
  });
  return ['| method | path | operation | passed on to | translated for |', '|---|---|---|---|---|', ...rows];
}

/** The table of endpoints that are always served. */
export function endpointsTable(): string[] {
  return servingRows(allEndpoints());
}

/** The table of endpoints that are served where a virtual service asks for them. */
export function requestedEndpointsTable(): string[] {
  return servingRows(endpointsOnRequest());
}

function targetDialects(): Dialect[] {
  const implemented = DIALECT_NAMES.flatMap((name) => {
    try {
      return [dialect(name)];
    } catch {
      return [];
    }
  });
  return implemented.filter(({ family, provider }) => family === 'generation' && provider !== undefined);
}

function clientDialects(): Dialect[] {
  const endpoints = [...allEndpoints(), ...endpointsOnRequest()];
  const called = new Set(endpoints.map(({ endpoint }) => dialect(endpoint.dialect)));
  return [...called].filter(({ family, client }) => family === 'generation' && client !== undefined);
}

/** Which client APIs are translated to which provider APIs. */
export function pairsTable(): string[] {
  const targets = targetDialects();
  const rows = clientDialects().map((client) => {
    const cells = targets.map((target) => (target.name === client.name ? 'as it is' : 'translated'));
    return `| ${apiTitle(client.name)} | ${cells.join(' | ')} |`;
  });
  return [
    `| client \\ provider | ${targets.map(({ name }) => apiTitle(name)).join(' | ')} |`,
    `|---|${targets.map(() => '---|').join('')}`,
    ...rows,
  ];
}
