import assert from 'node:assert/strict';
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import type { RecordedRequest } from '../../src/mock/recorder.ts';
import { createMockServer } from '../../src/mock/server.ts';
import { startGateway } from '../support/gateway.ts';
import type { Scope } from '../support/wait.ts';
import { clusterOf, gatewayFile, type ProviderRow } from './providers.ts';

/** An answer of the gateway. */
export interface FleetAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** Whether its framing says that it is whole. */
  complete: boolean;
}

/** A request for the gateway. `id` marks it, so that its way can be followed. */
export interface FleetRequest {
  id: string;
  provider: ProviderRow;
  path: string;
  body: unknown;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Ends the connection. */
  signal?: AbortSignal;
}

/** A request under way. */
export interface FleetExchange {
  /** Rejects when there is none. */
  answer: Promise<FleetAnswer>;
  /** Resolves at the first bytes of the answer's body. */
  begun: Promise<void>;
}

/** One gateway before one mock that stands for every provider. */
export interface Fleet {
  post(request: FleetRequest): FleetExchange;
  /** What the provider got of a request, in order of arrival; throws when it has no such path. */
  sent(id: string): RecordedRequest[];
}

/** Header that marks a request on its whole way. */
const ID_HEADER = 'x-cell';
const GCP_TOKEN = 'ya29.a-token';
const RECORDS = 10_000;

/** Starts the mock, strict as the real providers are, and a gateway with a cluster for every row. */
export async function startFleet(scope: Scope, rows: readonly ProviderRow[]): Promise<Fleet> {
  const mock = createMockServer({ strict: true, seed: 1, recordLimit: RECORDS });
  const { url } = await mock.listen();
  const gateway = await startGateway(scope, gatewayFile(rows, url));
  const agent = new Agent({ keepAlive: true });
  scope.after(async () => {
    agent.destroy();
    await mock.close();
  });
  return {
    sent(id) {
      const sent = mock.requests.filter((one) => one.headers[ID_HEADER] === id);
      for (const { path, headers } of sent) {
        const row = rows.find((one) => clusterOf(one) === headers['x-provider']);
        assert.ok(row?.has.test(path), `${row?.name} has no path ${path}`);
      }
      return sent;
    },
    post: ({ id, provider, path, body, headers, signal }) => {
      const bytes = Buffer.from(JSON.stringify(body));
      let begin: () => void = () => {};
      const begun = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const answer = new Promise<FleetAnswer>((resolve, reject) => {
        const outgoing = request({
          agent,
          host: '127.0.0.1',
          port: gateway.port,
          method: 'POST',
          path,
          ...(signal === undefined ? {} : { signal }),
          headers: {
            'content-type': 'application/json',
            'content-length': bytes.length,
            'x-provider': clusterOf(provider),
            'x-aigw-gcp-access-token': GCP_TOKEN,
            [ID_HEADER]: id,
            ...headers,
          },
        });
        outgoing.on('error', reject);
        outgoing.on('response', (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => {
            chunks.push(chunk);
            begin();
          });
          incoming.on('error', () => {
            // Told by `complete`; `close` follows.
          });
          incoming.on('close', () => {
            const { statusCode = 0, complete } = incoming;
            resolve({ status: statusCode, headers: incoming.headers, body: Buffer.concat(chunks), complete });
          });
        });
        outgoing.end(bytes);
      });
      // A client that leaves does not wait for its answer.
      answer.catch(() => {});
      return { answer, begun };
    },
  };
}
