import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../support/wait.ts';

/** A request as a server got it. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn, as sent. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** A server that answers as a test says. */
export interface ScriptedProvider {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
}

/** Starts a server on a free port; `answer` ends the response, or leaves it open. */
export async function startScripted(
  scope: Scope,
  answer: (request: SeenRequest, response: ServerResponse, raw: IncomingMessage) => void,
): Promise<ScriptedProvider> {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.rawHeaders,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      seen.push(one);
      answer(one, response, request);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  scope.after(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
