import type { JsonObject, JsonValue } from '../json/types.ts';
import type { EntryVerdict } from '../routing/route-table.ts';
import type { HeaderMutation, Route, Service, Snapshot, Target } from '../snapshot/snapshot.ts';
import { chooseBinding } from './binding.ts';
import type { ExchangeState } from './state.ts';

/** One topic of an explanation. */
export interface ExplainSection {
  /** Its key in JSON, such as `targets`. */
  readonly name: string;
  /** Its heading in text. */
  readonly title: string;
  readonly data: JsonValue;
  readonly lines: readonly string[];
}

/** How far a request would get; what comes after its refusal is undefined. */
export interface ExplainContext {
  readonly snapshot: Snapshot;
  readonly state: ExchangeState;
  readonly promptTokens: number | undefined;
  readonly tools: boolean | undefined;
  readonly service: Service | undefined;
  /** Whether the gateway answers without a route: the list of models. */
  readonly answeredHere: boolean;
  readonly route: Route | undefined;
  /** Every match of the service in order, and what became of it. */
  readonly verdicts: readonly EntryVerdict<Route>[];
  /** The match that took the request; undefined when it was refused, or addressed to a cluster by name. */
  readonly taken: EntryVerdict<Route> | undefined;
}

type Explainer = (context: ExplainContext) => ExplainSection | undefined;

function duration(ms: number): string {
  return ms >= 1000 ? `${ms / 1000}s` : `${ms}ms`;
}

/** A name and a value a line; what is undefined is left out. */
function facts(section: Pick<ExplainSection, 'name' | 'title'>, data: JsonObject): ExplainSection {
  const known = Object.entries(data).filter(([, value]) => value !== undefined);
  const lines = known.map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `${name.replaceAll('_', ' ')}: ${text}`;
  });
  return { ...section, data: Object.fromEntries(known), lines };
}

const requestSection: Explainer = ({ state, promptTokens, tools }) => {
  const { principal } = state;
  return facts(
    { name: 'request', title: 'Request' },
    {
      method: state.request.method,
      path: state.path,
      query: state.query === '' ? undefined : state.query,
      host: state.request.header('host'),
      listener: state.request.listener === '' ? undefined : state.request.listener,
      model: state.model,
      stream: state.stream,
      tools,
      prompt_tokens: promptTokens,
      organization: principal?.organization,
      team: principal?.team,
      user: principal?.user,
      key: principal?.key?.name,
      claims: principal?.claims,
    },
  );
};

const serviceSection: Explainer = ({ service }) =>
  service && facts({ name: 'service', title: 'Virtual service' }, { name: service.name });

const endpointSection: Explainer = ({ state, service, answeredHere }) => {
  const names = { name: 'endpoint', title: 'Endpoint' };
  if (answeredHere) return facts(names, { operation: 'models', answered_by: 'the gateway' });
  const { endpoint } = state;
  if (endpoint === undefined) return undefined;
  return facts(names, {
    operation: endpoint.operation,
    client_api: endpoint.dialect,
    stands_for: service?.endpoints.get(state.path),
  });
};

const routeSection: Explainer = ({ route, taken, state }) => {
  if (route === undefined) return undefined;
  const conditions = taken?.checks.map((check) => check.words);
  const why =
    conditions === undefined
      ? [`addressed by name: the model was written as "${route.targets[0]?.cluster.name}/${state.model}"`]
      : conditions.length === 0
        ? ['it takes every request']
        : conditions.map((words) => `because ${words}`);
  return {
    name: 'route',
    title: 'Virtual route',
    data: { name: route.name, match: taken?.match ?? null, conditions: conditions ?? null },
    lines: [taken === undefined ? route.name : `${route.name}, match ${taken.match}`, ...why],
  };
};

function explainTarget(target: Target, { share, state }: { share: number; state: ExchangeState }): JsonObject {
  const chosen = chooseBinding(state, target);
  const { cluster } = target;
  return {
    cluster: cluster.name,
    provider: cluster.provider.name,
    weight: target.weight,
    share: Math.round(share * 1000) / 1000,
    // A target that cannot do what is asked is left out of the attempts.
    serves: chosen !== undefined,
    api: chosen?.dialect.name,
    translated: chosen === undefined ? undefined : !chosen.sameDialect,
    model: target.model ?? state.model,
    endpoints: cluster.endpoints.map((endpoint) => endpoint.origin + endpoint.basePath),
  };
}

function targetLine(target: JsonObject): string {
  const share = `${Math.round(Number(target['share']) * 1000) / 10} %`;
  const how =
    target['serves'] === false
      ? 'skipped: it does not serve this operation'
      : `${target['api']}${target['translated'] === true ? ', translated' : ', passed on'}`;
  const model = target['model'] === undefined ? '' : `, model ${JSON.stringify(target['model'])}`;
  return `${target['cluster']} (${target['provider']}): ${share}, ${how}${model}`;
}

const targetsSection: Explainer = ({ route, state }) => {
  if (route === undefined) return undefined;
  const tiers = route.tiers.map((tier) => {
    const targets = tier.flatMap((index) => route.targets[index] ?? []);
    const total = targets.reduce((sum, target) => sum + target.weight, 0);
    return targets.map((target) =>
      explainTarget(target, { state, share: total === 0 ? 1 / targets.length : target.weight / total }),
    );
  });
  const mirrors = route.mirrors.map(({ target, share }) => explainTarget(target, { state, share }));
  return {
    name: 'targets',
    title: 'Targets, by priority',
    data: { balance: { ...route.balance }, tiers, mirrors },
    lines: [
      `balance: ${route.balance.strategy}`,
      ...tiers.flatMap((tier, priority) => tier.map((target) => `${priority}. ${targetLine(target)}`)),
      ...mirrors.map((target) => `copy to ${targetLine(target)}`),
    ],
  };
};

const retrySection: Explainer = ({ route }) => {
  if (route === undefined) return undefined;
  const { retry, hedge } = route;
  const on = [
    ...(retry.onConnect ? ['connect'] : []),
    ...(retry.onReset ? ['reset'] : []),
    ...(retry.onTimeout ? ['timeout'] : []),
    ...(retry.onContextLength ? ['context_length'] : []),
    ...(retry.onContentPolicy ? ['content_policy'] : []),
  ];
  return facts(
    { name: 'retry', title: 'Retries' },
    {
      attempts: retry.attempts ?? 'every target once',
      attempts_per_priority: retry.attemptsPerPriority,
      on,
      on_status: [...retry.onStatus],
      per_try_timeout: retry.perTryTimeoutMs === 0 ? undefined : duration(retry.perTryTimeoutMs),
      backoff: duration(retry.backoffMs),
      max_backoff: duration(retry.maxBackoffMs),
      hedge_after: hedge && (hedge.afterMs === undefined ? 'p95' : duration(hedge.afterMs)),
    },
  );
};

const timeoutSection: Explainer = ({ route, state }) => {
  if (route === undefined) return undefined;
  const { requestMs, headMs, firstTokenMs, idleMs } = route.timeouts;
  return facts(
    { name: 'timeout', title: 'Timeouts' },
    {
      request: requestMs === 0 ? 'none' : duration(requestMs),
      first_byte: duration(state.stream ? firstTokenMs : headMs),
      idle: duration(idleMs),
    },
  );
};

function headerChanges({ set, remove }: HeaderMutation): JsonObject {
  // Values may be secrets.
  const names = set.filter((_, index) => index % 2 === 0);
  return { set: names, remove: [...remove].filter((name) => !names.includes(name)) };
}

const changesSection: Explainer = ({ route, snapshot }) => {
  if (route === undefined) return undefined;
  const changes = route.targets.flatMap((target): JsonObject[] => {
    const headers = headerChanges(target.headers);
    const body = target.bodyEdits.map(({ field, json }) => (json === undefined ? `-${field}` : field));
    const changed = target.headers.set.length > 0 || target.headers.remove.size > 0 || body.length > 0;
    return changed ? [{ cluster: target.cluster.name, headers, body }] : [];
  });
  const forward = snapshot.forwardHeaders;
  if (changes.length === 0 && forward === undefined) return undefined;
  return {
    name: 'changes',
    title: 'Changes to the provider request',
    data: { targets: changes, forward_headers: forward === undefined ? null : [...forward] },
    lines: [
      ...changes.map((change) => `${change['cluster']}: ${JSON.stringify({ ...change, cluster: undefined })}`),
      ...(forward === undefined ? [] : [`client headers passed on: ${[...forward].join(', ') || 'none'}`]),
    ],
  };
};

const limitsSection: Explainer = ({ snapshot }) =>
  facts({ name: 'limits', title: 'Limits' }, { max_body_bytes: snapshot.limits.maxBodyBytes });

/** Why an entry that holds was passed over. */
function passedOver(verdict: EntryVerdict<Route>, { verdicts, taken, route }: ExplainContext): string {
  if (taken !== undefined && verdicts.indexOf(taken) < verdicts.indexOf(verdict)) {
    return 'matches too, but stands further down';
  }
  if (route !== undefined && taken === undefined)
    return 'takes any model, so the cluster that the model names goes first';
  return 'matches, but none of its targets serves this operation';
}

function whyNot(
  verdict: EntryVerdict<Route>,
  context: ExplainContext,
): { unmet?: string; shown?: string; reason?: string } {
  const failed = verdict.checks.find((check) => !check.holds);
  if (failed === undefined) return { reason: passedOver(verdict, context) };
  return { unmet: failed.words, shown: failed.shown };
}

const otherRoutesSection: Explainer = (context) => {
  const others = context.verdicts
    .filter((verdict) => verdict !== context.taken)
    .map((verdict) => ({ route: verdict.route.name, match: verdict.match, ...whyNot(verdict, context) }));
  if (others.length === 0) return undefined;
  return {
    name: 'other_routes',
    title: 'Why not another route',
    data: others,
    lines: others.map(({ route, match, unmet, shown, reason }) => {
      const why = unmet === undefined ? reason : `unmet: ${unmet} (${shown})`;
      return `${route}, match ${match}: ${why}`;
    }),
  };
};

/** The topics of an explanation, in order. One that does not apply says nothing. */
const EXPLAINERS: readonly Explainer[] = [
  requestSection,
  serviceSection,
  endpointSection,
  routeSection,
  targetsSection,
  retrySection,
  timeoutSection,
  changesSection,
  limitsSection,
  otherRoutesSection,
];

/** Every section that applies. */
export function explainSections(context: ExplainContext): ExplainSection[] {
  return EXPLAINERS.flatMap((explainer) => explainer(context) ?? []);
}
