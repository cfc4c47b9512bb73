import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { credential as credentialSchema } from '../config/model-credentials.ts';
import { createCredential } from './create-credential.ts';
import type { Credential, HttpCall } from './credential.ts';
import {
  applyNow,
  assertUnavailable,
  type FakeEnvironment,
  fakeEnvironment,
  fakeRequest,
  headerOf,
} from './fake-environment.test.ts';

/** A token server on a free port of loopback, and what it was asked. */
interface TokenServer {
  server: Server;
  port: number;
  asked: string[];
  /** Whether it hangs up on everyone. */
  down: boolean;
  /** Its next answers. */
  reply: { status: number; headers: Record<string, string>; body: string };
}

async function startTokenServer(): Promise<TokenServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${body}`);
      if (self.down) {
        request.socket.destroy();
        return;
      }
      response.writeHead(self.reply.status, self.reply.headers).end(self.reply.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const self: TokenServer = {
    server,
    port: (server.address() as AddressInfo).port,
    asked,
    down: false,
    reply: { status: 200, headers: {}, body: '{"access_token":"from-the-wire","expires_in":3600}' },
  };
  return self;
}

async function stop({ server }: TokenServer): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

/** A plain HTTP call that follows no redirect. */
const call: HttpCall = ({ method, url, headers, body, timeoutMs }) =>
  new Promise((resolve, reject) => {
    const outgoing = httpRequest(url, { method, headers, timeout: timeoutMs, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: {}, body: text }));
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });

function azure(environment: FakeEnvironment, port: number): Credential {
  return createCredential(
    {
      auth: 'api-key',
      credential: credentialSchema.parse({
        type: 'azure',
        tenant_id: 'tenant',
        client_id: 'app',
        client_secret: 'wire-secret',
        authority: `http://127.0.0.1:${port}`,
      }),
      endpointHost: 'acme.openai.azure.com',
    },
    environment,
  );
}

test('a hundred requests at once make one call to a real token server', async () => {
  const tokens = await startTokenServer();
  try {
    const credential = azure({ ...fakeEnvironment(), http: call }, tokens.port);
    const requests = Array.from({ length: 100 }, () => fakeRequest());
    await Promise.all(requests.map((request) => credential.apply(request)));
    for (const request of requests) assert.equal(headerOf(request, 'authorization'), 'Bearer from-the-wire');
    assert.equal(tokens.asked.length, 1);
    assert.match(tokens.asked[0] ?? '', /^POST \/tenant\/oauth2\/v2\.0\/token grant_type=client_credentials&/);
    applyNow(credential, fakeRequest());
  } finally {
    await stop(tokens);
  }
});

test('a redirect of the token server is not followed', async () => {
  const tokens = await startTokenServer();
  try {
    tokens.reply = { status: 307, headers: { location: `http://127.0.0.1:${tokens.port}/elsewhere` }, body: '' };
    const credential = azure({ ...fakeEnvironment(), http: call }, tokens.port);
    await assertUnavailable(() => credential.apply(fakeRequest()), /answered 307/, ['wire-secret']);
    assert.equal(tokens.asked.length, 1);
  } finally {
    await stop(tokens);
  }
});

test('a token server that goes down and comes back', async () => {
  const tokens = await startTokenServer();
  try {
    tokens.down = true;
    const environment = { ...fakeEnvironment(), http: call };
    const credential = azure(environment, tokens.port);
    await assertUnavailable(() => credential.apply(fakeRequest()), /the Entra token endpoint cannot be reached/, [
      'wire-secret',
    ]);
    tokens.down = false;
    await assertUnavailable(() => credential.apply(fakeRequest()), /cannot be reached/);
    assert.equal(tokens.asked.length, 1, 'the failure still stands');
    environment.clock.ms += 1_000;
    const request = fakeRequest();
    await credential.apply(request);
    assert.equal(headerOf(request, 'authorization'), 'Bearer from-the-wire');
  } finally {
    await stop(tokens);
  }
});
