import { Agent, type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import type { Scope } from '../../support/wait.ts';

/** An answer as a client gets it; status 0: the connection broke. */
export interface ClientAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly durationMs: number;
}

/** A request of a client. */
export interface ClientCall {
  readonly port: number;
  readonly path?: string;
  readonly method?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Leaves after so many bytes of the answer; 0: as soon as the request is sent. */
  readonly leaveAfterBytes?: number;
}

/** Clients that share connections, as one application's do. */
export interface Clients {
  /** Never rejects. */
  send(call: ClientCall): Promise<ClientAnswer>;
}

/** The body of a small chat request. */
export function chatBody(fields: Readonly<Record<string, unknown>> = {}): object {
  return { model: 'm', messages: [{ role: 'user', content: 'Is all well?' }], max_tokens: 10, ...fields };
}

/** Makes clients; their connections are closed with the scope. */
export function createClients(scope: Scope): Clients {
  const agent = new Agent({ keepAlive: true, maxSockets: 400 });
  scope.after(() => agent.destroy());
  return { send: (call) => send(agent, call) };
}

function send(agent: Agent, call: ClientCall): Promise<ClientAnswer> {
  const started = performance.now();
  const body = call.body === undefined ? undefined : toBytes(call.body);
  const options: RequestOptions = {
    agent,
    host: '127.0.0.1',
    port: call.port,
    path: call.path ?? '/v1/chat/completions',
    method: call.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(body.length) }),
      ...(call.key === undefined ? {} : { authorization: `Bearer ${call.key}` }),
      ...call.headers,
    },
  };
  return new Promise((resolve) => {
    const end = (status: number, headers: IncomingHttpHeaders, text: string) =>
      resolve({ status, headers, text, durationMs: performance.now() - started });
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      incoming.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (call.leaveAfterBytes !== undefined && bytes >= call.leaveAfterBytes) outgoing.destroy();
      });
      incoming.on('error', () => undefined);
      incoming.on('close', () => end(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(chunks).toString()));
    });
    outgoing.on('error', () => end(0, {}, ''));
    if (call.leaveAfterBytes === 0) outgoing.on('finish', () => setImmediate(() => outgoing.destroy()));
    outgoing.end(body);
  });
}

function toBytes(body: unknown): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Runs `count` clients at once, each until `step` resolves to false. */
export async function runClients(count: number, step: (client: number) => Promise<boolean>): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, client) => {
      while (await step(client));
    }),
  );
}

/** How often each status came. */
export function tally(answers: readonly ClientAnswer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
