import { GatewayError } from '../errors/gateway-error.ts';
import { createPrincipal } from '../filters/auth/principal.ts';
import type { JsonObject } from '../json/types.ts';
import type { Service, Snapshot } from '../snapshot/snapshot.ts';
import { admit, findService } from './admit.ts';
import { chooseBinding } from './binding.ts';
import { type ExplainSection, explainSections } from './explain-sections.ts';
import { isModelsRequest } from './models-list.ts';
import { findRoute } from './plan.ts';
import type { ClientRequest, ClientResponse } from './ports.ts';
import { createRouteInput } from './route-input.ts';
import type { ExchangeRuntime } from './runtime.ts';
import { ExchangeState } from './state.ts';

/** A request to explain, as a client would send it. */
export interface ExplainRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Names in lower case; `host` among them. */
  readonly headers: ReadonlyMap<string, string>;
  readonly listener: string;
  readonly sourceIp: string;
  readonly body: Uint8Array;
  /** Whom authentication would find; undefined: nobody. The key is its name. */
  readonly principal: { organization?: string; team?: string; user?: string; key?: string } | undefined;
  /** The claims of its JWT. */
  readonly claims: JsonObject | undefined;
}

/** What would become of a request. */
export interface Explanation {
  /** Undefined: a provider would be asked, or the gateway would answer itself. */
  readonly refusal: { status: number; code: string; message: string } | undefined;
  readonly sections: readonly ExplainSection[];
}

function clientRequest(request: ExplainRequest): ClientRequest {
  return {
    method: request.method,
    url: request.url,
    rawHeaders: [...request.headers].flat(),
    header: (name) => request.headers.get(name),
    listener: request.listener,
    remoteAddress: request.sourceIp,
    protocol: 'HTTP/1.1',
    async readBody(maxBytes) {
      if (request.body.length <= maxBytes) return request.body;
      throw new GatewayError('request_too_large', `The request body is larger than ${maxBytes} bytes.`);
    },
  };
}

/** As much of a runtime and of an answer as a request needs that is never sent. */
function createState(snapshot: Snapshot, request: ExplainRequest): ExchangeState {
  const bound: Partial<ReturnType<ExchangeRuntime['current']>> = { snapshot };
  const runtime: Partial<ExchangeRuntime> = {
    current: () => bound as ReturnType<ExchangeRuntime['current']>,
    now: () => 0,
    monotonic: () => 0,
    uuid: () => '',
    // The explanation shows what could not be evaluated.
    reportFault: () => {},
  };
  const response: Partial<ClientResponse> = {};
  const state = new ExchangeState(runtime as ExchangeRuntime, clientRequest(request), response as ClientResponse);
  const { principal, claims } = request;
  if (principal !== undefined || claims !== undefined) {
    const { key, ...names } = principal ?? {};
    state.principal = createPrincipal({ ...names, claims, key: key === undefined ? undefined : { id: '', name: key } });
  }
  return state;
}

/** What can be found out of a request that may be malformed. */
function attempted<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (GatewayError.is(error)) return undefined;
    throw error;
  }
}

function assertServed(state: ExchangeState): void {
  const targets = state.route?.targets ?? [];
  if (targets.some((target) => chooseBinding(state, target) !== undefined)) return;
  throw new GatewayError('unsupported_operation', `${state.path} is not available from any target of this route.`);
}

/**
 * Says what would become of a request, by the same steps that serve one, without asking anybody. Limits, health and turns
 * are those of a gateway that has just started.
 */
export async function explainRequest(snapshot: Snapshot, request: ExplainRequest): Promise<Explanation> {
  const state = createState(snapshot, request);
  let service: Service | undefined;
  let refusal: Explanation['refusal'];
  let answeredHere = false;
  const inputOf = (of: Service) => createRouteInput(state, of.routes.bodyFields);
  let verdicts: ReturnType<Service['routes']['explain']> = [];
  try {
    service = findService(state);
    answeredHere = isModelsRequest(request.method, state.path);
    if (!answeredHere) {
      await admit(state, service);
      verdicts = service.routes.explain(inputOf(service));
      state.route = findRoute(state, service);
      assertServed(state);
    }
  } catch (error) {
    const known = GatewayError.from(error);
    if (known.code === 'internal_error') throw known.cause ?? known;
    refusal = { status: known.status, code: known.code, message: known.publicMessage };
  }
  const input = service === undefined ? undefined : inputOf(service);
  const taken = verdicts.find((verdict) => verdict.route === state.route && verdict.holds);
  const sections = explainSections({
    snapshot,
    state,
    promptTokens: attempted(() => input?.promptTokens?.()),
    tools: attempted(() => input?.tools?.()),
    service,
    answeredHere,
    route: state.route,
    verdicts,
    taken,
  });
  return { refusal, sections };
}
