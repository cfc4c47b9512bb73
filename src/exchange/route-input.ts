import { scanObject } from '../json/scan.ts';
import { isObject, type JsonObject } from '../json/types.ts';
import type { RouteInput, RoutePrincipal } from '../routing/route-table.ts';
import { parsedBody, requestHost } from './admit.ts';
import { readField } from './read-field.ts';
import type { ExchangeState } from './state.ts';

/** Header in which the reference system shows the model to its routes; a client's own value never counts. */
const MODEL_HEADER = 'x-ai-eg-model';

/** Where requests carry their tools: OpenAI's older `functions` beside what all others call `tools`. */
const TOOL_FIELDS: readonly string[] = ['tools', 'functions'];
/** Bedrock Converse has them one level down. */
const BEDROCK_TOOL_FIELDS: readonly string[] = ['toolConfig'];

function isFilled(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : isObject(value) && isFilled(value['tools']);
}

/** Whether a JSON request carries tools in its own API's form; only their fields are parsed. */
function carriesTools(state: ExchangeState): boolean {
  const { body, json, scanned } = state;
  if (body === undefined || scanned === undefined) return false;
  const names = state.dialect?.name === 'bedrock-converse' ? BEDROCK_TOOL_FIELDS : TOOL_FIELDS;
  if (json !== undefined) return names.some((name) => isFilled(json[name]));
  const { fields } = scanObject(body, names);
  return names.some((name) => isFilled(readField(body, fields[name])));
}

/** What an exchange shows to routing. Each thing is found out when a condition asks, once where it costs anything. */
class ExchangeRouteInput implements RouteInput {
  readonly #state: ExchangeState;
  readonly #bodyFields: readonly string[];
  #principal: RoutePrincipal | undefined = undefined;
  #checked = false;
  #headers: ReadonlyMap<string, string> | undefined = undefined;
  #query: ReadonlyMap<string, string> | undefined = undefined;
  #tools: boolean | undefined = undefined;

  constructor(state: ExchangeState, bodyFields: readonly string[]) {
    this.#state = state;
    this.#bodyFields = bodyFields;
  }

  get model(): string | undefined {
    return this.#state.model;
  }

  get path(): string {
    return this.#state.path;
  }

  get method(): string {
    return this.#state.request.method;
  }

  get host(): string {
    return requestHost(this.#state.request.header('host'));
  }

  get operation(): string {
    return this.#state.endpoint?.operation ?? '';
  }

  get stream(): boolean {
    return this.#state.stream;
  }

  get sourceIp(): string {
    return this.#state.request.remoteAddress;
  }

  get principal(): RoutePrincipal | undefined {
    const { principal } = this.#state;
    if (principal === undefined) return undefined;
    const { organization, team, user, key } = principal;
    this.#principal ??= { organization, team, user, key: key?.name };
    return this.#principal;
  }

  get claims(): JsonObject | undefined {
    return this.#state.principal?.claims;
  }

  header(name: string): string | undefined {
    return name === MODEL_HEADER ? this.#state.model : this.#state.request.header(name);
  }

  headers(): ReadonlyMap<string, string> {
    if (this.#headers !== undefined) return this.#headers;
    const { rawHeaders } = this.#state.request;
    const headers = new Map<string, string>();
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = (rawHeaders[index] as string).toLowerCase();
      if (!headers.has(name)) headers.set(name, this.header(name) ?? '');
    }
    if (this.#state.model !== undefined) headers.set(MODEL_HEADER, this.#state.model);
    this.#headers = headers;
    return headers;
  }

  query(): ReadonlyMap<string, string> {
    if (this.#query !== undefined) return this.#query;
    const query = new Map<string, string>();
    for (const [name, value] of new URLSearchParams(this.#state.query)) if (!query.has(name)) query.set(name, value);
    this.#query = query;
    return query;
  }

  body(): JsonObject | undefined {
    const { body, scanned } = this.#state;
    if (body === undefined || scanned === undefined) return undefined;
    if (!this.#checked) {
      // Refuses a field that is there twice: the provider might read the other one.
      if (this.#bodyFields.length > 0) scanObject(body, this.#bodyFields);
      this.#checked = true;
    }
    return parsedBody(this.#state);
  }

  promptTokens(): number {
    return this.#state.promptTokens;
  }

  tools(): boolean {
    this.#tools ??= carriesTools(this.#state);
    return this.#tools;
  }

  onFault(condition: string, error: Error): void {
    const fault = new Error(`the route condition \`${condition}\` could not be evaluated and counts as not met`, {
      cause: error,
    });
    this.#state.runtime.reportFault(fault, this.#state.id);
  }
}

/**
 * What an admitted request shows to a route table; `bodyFields` are those that the table's conditions read. Bodies other
 * than JSON show no fields, no tools and no tokens.
 */
export function createRouteInput(state: ExchangeState, bodyFields: readonly string[]): RouteInput {
  return new ExchangeRouteInput(state, bodyFields);
}
