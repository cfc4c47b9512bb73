import { dialect } from '../dialects/registry.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { mayUseModel } from '../filters/organizations/allowances.ts';
import type { ListedModel, Service } from '../snapshot/snapshot.ts';
import { appendGatewayHeaders } from './answer-headers.ts';
import { commitAnswer } from './commit.ts';
import { discoverModels } from './model-discovery.ts';
import type { ExchangeState } from './state.ts';

const OPENAI_PATH = '/v1/models';
const ANTHROPIC_PATH = '/anthropic/v1/models';
/** Stands for the path of a request when a route is looked for. */
const CHAT_PATH = '/v1/chat/completions';

/** Whether the gateway itself answers this: model ids may hold a colon, and so do the paths of Gemini's methods, which are posted to. */
export function isModelsRequest(method: string, path: string): boolean {
  if (method === 'POST' && path.includes(':')) return false;
  return (
    path === OPENAI_PATH ||
    path === ANTHROPIC_PATH ||
    path.startsWith(`${OPENAI_PATH}/`) ||
    path.startsWith(`${ANTHROPIC_PATH}/`)
  );
}

function openAiModel(model: ListedModel): object {
  return { id: model.id, object: 'model', created: model.created, owned_by: model.ownedBy };
}

function anthropicModel(model: ListedModel): object {
  return {
    type: 'model',
    id: model.id,
    display_name: model.id,
    created_at: new Date(model.created * 1000).toISOString(),
  };
}

function list(models: readonly ListedModel[], anthropic: boolean): object {
  if (!anthropic) return { object: 'list', data: models.map(openAiModel) };
  return {
    data: models.map(anthropicModel),
    first_id: models[0]?.id ?? null,
    last_id: models[models.length - 1]?.id ?? null,
    has_more: false,
  };
}

function wantedId(path: string): string | undefined {
  const prefix = path.startsWith(ANTHROPIC_PATH) ? ANTHROPIC_PATH : OPENAI_PATH;
  if (path === prefix) return undefined;
  try {
    return decodeURIComponent(path.slice(prefix.length + 1));
  } catch {
    throw new GatewayError('invalid_request', 'The model id in the path is not properly escaped.');
  }
}

/** Whether the caller may ask for a model, by the route that takes it. */
function mayUse(state: ExchangeState, service: Service, id: string): boolean {
  const account = state.principal?.account;
  if (account === undefined) return true;
  const header = (name: string) => state.request.header(name);
  return mayUseModel(account, id, service.routes.find({ model: id, path: CHAT_PATH, header })?.name);
}

/** The models that routes name, then those that providers behind open routes list, each once; those that the caller may use. */
async function allModels(state: ExchangeState, service: Service): Promise<ListedModel[]> {
  const models = new Map(service.models.map((model) => [model.id, model]));
  if (service.openClusters.size > 0) {
    for (const model of await discoverModels(state.runtime, service, state.bound.clusters)) {
      if (!models.has(model.id)) models.set(model.id, model);
    }
  }
  return [...models.values()].filter(({ id }) => mayUse(state, service, id));
}

/** Answers `GET /v1/models` and `GET /v1/models/{id}` in OpenAI's form, or Anthropic's where its SDK asks. */
export async function answerModels(state: ExchangeState, service: Service): Promise<void> {
  const anthropic = state.path.startsWith('/anthropic/') || state.request.header('anthropic-version') !== undefined;
  state.errorDialect = dialect(anthropic ? 'anthropic' : 'openai-chat');
  state.endpoint = {
    operation: 'models',
    dialect: state.errorDialect.name,
    methods: ['GET', 'HEAD'],
    model: 'none',
    suffix: '/models',
  };
  const { method } = state.request;
  if (method !== 'GET' && method !== 'HEAD')
    throw new GatewayError('method_not_allowed', `${OPENAI_PATH} takes GET, not ${method}.`);
  const id = wantedId(state.path);
  const models = await allModels(state, service);
  if (state.clientGone) return;
  const found = id === undefined ? undefined : models.find((model) => model.id === id);
  if (id !== undefined && found === undefined) {
    throw new GatewayError('model_not_found', `The model "${id.slice(0, 256)}" is not listed here.`, {
      param: 'model',
    });
  }
  const one = anthropic ? anthropicModel : openAiModel;
  const body = Buffer.from(JSON.stringify(found === undefined ? list(models, anthropic) : one(found)));
  const headers = ['content-type', 'application/json', 'content-length', String(body.length)];
  appendGatewayHeaders(state, headers);
  commitAnswer(state, 200, headers);
  if (method === 'HEAD') state.response.end();
  else state.response.end(body);
}
