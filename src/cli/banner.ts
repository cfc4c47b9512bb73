import type { LoadedConfig } from '../config/load.ts';
import type { Gateway } from '../gateway/gateway.ts';

function urlOf(address: string, port: number): string {
  const host = address === '0.0.0.0' || address === '::' || address === '127.0.0.1' ? 'localhost' : address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function exampleModel(loaded: LoadedConfig): string {
  for (const service of loaded.config.virtual_services) {
    for (const route of service.virtual_routes) {
      const matches = Array.isArray(route.match) ? route.match : [route.match];
      const model = matches.find((match) => Object.keys(match.headers).length === 0)?.model;
      if (typeof model === 'string' && !model.includes('*')) return model;
      if (typeof model === 'object' && 'exact' in model) return model.exact;
    }
  }
  return Object.values(loaded.config.static_cluster).some((cluster) => cluster.provider === 'demo') ? 'demo' : 'MODEL';
}

/** What `aigw run` prints when it serves: where it listens, a request to try, and the base URL of each SDK. */
export function banner(gateway: Gateway, loaded: LoadedConfig): string {
  const lines = gateway.listeners.map(
    (listener) => `AI gateway listening on ${urlOf(listener.address, listener.port)}`,
  );
  if (gateway.adminPort !== undefined)
    lines.push(`admin on ${urlOf('127.0.0.1', gateway.adminPort)} (/metrics, /readyz, /api/v1/config)`);
  const providers = Object.entries(loaded.config.static_cluster).map(([name, cluster]) =>
    name === cluster.provider ? name : `${name} (${cluster.provider})`,
  );
  lines.push(`providers: ${providers.length === 0 ? 'none' : providers.join(', ')}`);
  const first = gateway.listeners[0];
  if (first !== undefined) {
    const url = urlOf(first.address, first.port);
    const body = JSON.stringify({ model: exampleModel(loaded), messages: [{ role: 'user', content: 'Hello!' }] });
    lines.push(
      '',
      'try it:',
      `  curl ${url}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`,
      '',
      'base URLs:',
      `  OpenAI SDK        ${url}/v1`,
      `  Anthropic SDK     ${url}`,
      `  Google GenAI SDK  ${url}`,
      `  AWS SDK, Bedrock  ${url}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
