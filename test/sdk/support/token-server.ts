import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../support/wait.ts';

/** A token endpoint of Google and of Entra ID on this machine, and a service account's key that it honours. */
export interface TokenServer {
  readonly url: string;
  /** The text of a service account's key file. */
  readonly serviceAccount: string;
  /** Forms that were posted, oldest first, with the path they came to. */
  readonly grants: readonly { path: string; form: URLSearchParams }[];
}

/** The access token that every grant yields. */
export const ACCESS_TOKEN = 'token-of-the-token-server';

/** Starts a token endpoint; it goes with the scope. */
export async function startTokenServer(scope: Scope): Promise<TokenServer> {
  const grants: { path: string; form: URLSearchParams }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
      grants.push({ path: request.url ?? '', form });
      const answer = { access_token: ACCESS_TOKEN, token_type: 'Bearer', expires_in: 3600 };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
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
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const serviceAccount = JSON.stringify({
    type: 'service_account',
    project_id: 'acme-ai',
    client_email: 'gateway@acme-ai.iam.gserviceaccount.com',
    private_key_id: 'key-1',
    private_key: privateKey,
    token_uri: `${url}/token`,
  });
  return { url, serviceAccount, grants };
}
