import type { GatewayConfigInput } from '../src/config/model.ts';

/** The key that clients of the bench present. */
export const CLIENT_KEY = 'sk-bench-0123456789';

/** Model names of the requests and the provider API each is sent to. */
export const MODELS = {
  openai: 'gpt-4o-mini',
  anthropic: 'claude-haiku-4-5',
  bedrock: 'anthropic.claude-haiku-4-5',
  gemini: 'gemini-2.5-flash',
} as const;

/** The model of the last of so many extra routes. */
export function lastRouteModel(routes: number): string {
  return `bench-model-${routes - 1}`;
}

/** What is switched on beside usage metering, metrics and the access log, which always are. */
export interface Governance {
  /** Keys of the organization, the one that clients present among them. */
  keys: number;
  /** URL of the Redis server that counts; undefined: the process counts itself. */
  redis?: string;
}

/** More than a run can use up, so that nothing is refused. */
const PLENTY = 1e9;

/** Key authentication, a rate limit by key, one of tokens, a budget and the ledger: what every request of a governed gateway passes. */
function governed({ keys, redis }: Governance, ledgerFile: string) {
  const others = Array.from({ length: keys - 1 }, (_, index) => ({
    name: `key-${index}`,
    key: `sk-bench-other-${String(index).padStart(9, '0')}`,
  }));
  const users = [{ name: 'ada', keys: [...others, { name: 'ada-laptop', key: CLIENT_KEY }] }];
  const teams = [{ name: 'search', rate_limit: [{ tokens: PLENTY, per: 'day' as const }], users }];
  return {
    organizations: [{ name: 'acme', budget: { usd: 1e6, per: 'month' as const }, teams }],
    stores: {
      ledger: { sqlite: ledgerFile },
      ...(redis === undefined ? {} : { counters: { redis: { url: redis } } }),
    },
    service: {
      auth_filter: { api_keys: 'organizations' as const },
      rate_limit: [{ by: 'key' as const, requests: PLENTY, per: 'minute' as const }],
    },
  };
}

/** The gateway's configuration: every provider API is the fake provider; extra routes stand before the ones that are used. */
export function gatewayConfigFor(options: {
  providerPort: number;
  logFile: string;
  ledgerFile: string;
  extraRoutes: number;
  /** Undefined: anybody may do anything. */
  governance: Governance | undefined;
}): GatewayConfigInput {
  const endpoint = `http://127.0.0.1:${options.providerPort}`;
  const route = (model: string, cluster: string) => ({ match: { model }, split: [{ cluster }] });
  const extra = Array.from({ length: options.extraRoutes }, (_, index) => route(`bench-model-${index}`, 'openai'));
  const { governance } = options;
  const { service, ...rest } = governance === undefined ? { service: {} } : governed(governance, options.ledgerFile);
  return {
    listeners: [{ address: '127.0.0.1', port: 0 }],
    admin: { address: '127.0.0.1', port: 0 },
    access_log: { path: options.logFile },
    static_cluster: {
      openai: { provider: 'openai', endpoint: `${endpoint}/v1`, api_key: 'sk-provider' },
      anthropic: { provider: 'anthropic', endpoint, api_key: 'sk-provider' },
      bedrock: {
        provider: 'aws-bedrock',
        endpoint,
        region: 'us-east-1',
        credential: { type: 'aws', access_key_id: 'AKIABENCH', secret_access_key: 'bench' },
      },
      gemini: { provider: 'google', endpoint, api_key: 'sk-provider' },
    },
    ...rest,
    virtual_services: [
      {
        name: 'bench',
        ...service,
        virtual_routes: [...extra, ...Object.entries(MODELS).map(([cluster, model]) => route(model, cluster))],
      },
    ],
  };
}
