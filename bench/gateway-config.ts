import type { GatewayConfigInput } from '../src/config/model.ts';

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

/** The gateway's configuration: every provider API is the fake provider; extra routes stand before the ones that are used. */
export function gatewayConfigFor(options: {
  providerPort: number;
  logFile: string;
  extraRoutes: number;
}): GatewayConfigInput {
  const endpoint = `http://127.0.0.1:${options.providerPort}`;
  const route = (model: string, cluster: string) => ({ match: { model }, split: [{ cluster }] });
  const extra = Array.from({ length: options.extraRoutes }, (_, index) => route(`bench-model-${index}`, 'openai'));
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
    virtual_services: [
      {
        name: 'bench',
        virtual_routes: [...extra, ...Object.entries(MODELS).map(([cluster, model]) => route(model, cluster))],
      },
    ],
  };
}
