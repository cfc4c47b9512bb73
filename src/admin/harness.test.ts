import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from '../../test/support/wait.ts';
import type { GatewayConfig, GatewayConfigInput } from '../config/model.ts';
import { Secret } from '../config/secret.ts';
import { validateValue } from '../config/validate.ts';
import { createKeyHasher } from '../filters/auth/key-hash.ts';
import { compileOrganizations } from '../filters/organizations/organization-tree.ts';
import { createPriceBook } from '../prices/price-book.ts';
import { PRICE_TABLE } from '../prices/table.ts';
import { createAuditLog } from '../stores/audit/sql-audit-log.ts';
import { MemoryCounters } from '../stores/counters/memory-counters.ts';
import { openStore } from '../stores/database/open-database.ts';
import { createKeyStore } from '../stores/keys/sql-key-store.ts';
import { createLedger } from '../stores/ledger/sql-ledger.ts';
import { createOpenApiDocument, type OpenApiDocument } from './openapi.ts';
import type { AdminPort, AuditEntry, ConfigVersion } from './port.ts';
import { createRouteIndex } from './route-index.ts';
import { ADMIN_ROUTES } from './routes.ts';
import { type Schema, schemaFaults } from './schema-check.test.ts';
import { createAdminServer } from './server.ts';
import type { AdminToken } from './token-check.ts';

/** A configuration in force, version 3. */
export const APPLIED: ConfigVersion = {
  revision: 3,
  hash: 'abc123',
  timeMs: Date.UTC(2025, 0, 1),
  sources: ['/etc/aigw.yaml'],
};

/** When the tests of this folder happen. */
export const NOW = Date.UTC(2026, 10, 15, 12);

/** A token for each role, and the header that carries it. */
export const TOKENS: readonly AdminToken[] = (['viewer', 'operator', 'admin'] as const).map((role) => ({
  name: `${role}-token`,
  token: new Secret(`secret-of-the-${role}`),
  role,
}));

/** The `authorization` header of a role. */
export function bearer(role: 'viewer' | 'operator' | 'admin'): { authorization: string } {
  return { authorization: `Bearer secret-of-the-${role}` };
}

/** The configuration of a gateway file as the program sees it. */
export function configOf(input: GatewayConfigInput): GatewayConfig {
  const { config, issues } = validateValue(input);
  assert.ok(config !== undefined, JSON.stringify(issues));
  return config;
}

/** A port that only shows itself. */
export function createPort(overrides: Partial<AdminPort> = {}): AdminPort {
  return {
    version: '1.2.3',
    status: () => ({ desired: APPLIED, applied: APPLIED, warnings: [] }),
    appliedConfig: () => ({ static_cluster: { a: { api_key: new Secret('sk-hidden') } } }),
    ready: () => ({ ready: true }),
    async *metricsText() {
      yield 'one 1\n';
      yield 'two 2\n';
    },
    ...overrides,
  };
}

/** Organizations of the tests: `acme` with limits, teams and users, and `solo` without. */
export const ORGANIZATIONS: GatewayConfigInput['organizations'] = [
  {
    name: 'acme',
    allowed_models: ['gpt-4o*', 'claude-*'],
    allowed_ips: ['10.0.0.0/8'],
    budget: { usd: 5000, per: 'month' },
    teams: [
      {
        name: 'search',
        allowed_models: ['gpt-4o*'],
        allowed_operations: ['chat', 'embeddings'],
        rate_limit: [
          { tokens: '2M', per: 'day' },
          { name: 'by model', requests: 60, by: 'model' },
        ],
        users: [{ name: 'ada', keys: [{ name: 'laptop', key: 'sk-configured-secret' }] }],
      },
      { name: 'ads' },
    ],
  },
  { name: 'solo', budget: { usd: 1, per: 'day', webhook: 'https://hooks.example/secret-path' } },
];

/** Stores of their own on disk, and a port over them as the gateway makes one. */
export async function createStores(scope: Scope, organizations: GatewayConfigInput['organizations'] = ORGANIZATIONS) {
  const folder = mkdtempSync(join(tmpdir(), 'aigw-admin-'));
  const database = await openStore(join(folder, 'ledger.db'));
  const counters = new MemoryCounters();
  scope.after(async () => {
    counters.close();
    await database.close();
    rmSync(folder, { recursive: true });
  });
  const config = configOf({ organizations });
  const tree = compileOrganizations(config);
  const keys = createKeyStore(database);
  const ledger = createLedger(database);
  const audit = createAuditLog(database);
  const hash = createKeyHasher('a secret of the tests');
  const prices = createPriceBook(PRICE_TABLE, [], { now: () => NOW });
  const told = { keys: 0, limits: 0 };
  const extras = new Map<string, number>();
  const limits = tree.accounts.flatMap((account) =>
    account.limits.map((limit) => ({ scope: { level: account.level, path: account.path }, limit })),
  );
  const port = createPort({
    organizations: () => config.organizations,
    keys: () => ({
      store: async () => keys,
      hash,
      organizations: config.organizations,
      changed() {
        told.keys++;
      },
    }),
    usage: async () => ledger,
    audit: async () => audit,
    prices: () => prices,
    limits: () => ({
      limits: () => limits,
      extras: { extra: (id) => extras.get(id) ?? 0 },
      peek: (wanted, nowMs) => counters.peek(wanted, nowMs),
      reset: (counter, nowMs) => counters.reset(counter, nowMs),
      overrides: async () => keys,
      changed() {
        told.limits++;
      },
    }),
  });
  return { port, config, database, counters, keys, ledger, audit, hash, limits, told, extras };
}

/** An answer of a server under test. */
export interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
  /** Its JSON, or an empty object. */
  body: ReturnType<typeof JSON.parse>;
}

/** What is sent. */
export interface Sent {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  /** An object is sent as JSON, a text as it is. */
  body?: unknown;
}

/** A server under test. */
export interface TestServer {
  readonly port: number;
  /** Sends a request, and checks the answer against the OpenAPI document. */
  call(sent: Sent): Promise<Reply>;
  /** Errors that the program would log. */
  readonly errors: unknown[];
  /** What the audit trail told. */
  readonly heard: AuditEntry[];
  /** What time it is. */
  clock: { nowMs: number };
}

/** Starts an admin server with tokens, unless others are given. */
export async function startAdmin(
  scope: Scope,
  { port, tokens = TOKENS }: { port: AdminPort; tokens?: readonly AdminToken[] },
): Promise<TestServer> {
  const errors: unknown[] = [];
  const heard: AuditEntry[] = [];
  const clock = { nowMs: NOW };
  const server = createAdminServer({
    address: '127.0.0.1',
    port: 0,
    admin: port,
    tokens: () => tokens,
    onError: (error) => errors.push(error),
    onAudit: (entry) => heard.push(entry),
    now: () => clock.nowMs,
  });
  const { port: number } = await server.listen();
  scope.after(() => server.close());
  const document = createOpenApiDocument(ADMIN_ROUTES, '1');
  return {
    port: number,
    errors,
    heard,
    clock,
    async call(sent) {
      const reply = await send(number, sent);
      checkAgainst(document, sent, reply);
      return reply;
    },
  };
}

async function send(port: number, { method = 'GET', path, headers = {}, body }: Sent): Promise<Reply> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const sent = request({
    host: '127.0.0.1',
    port,
    method,
    path,
    agent: false,
    headers: {
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...headers,
    },
  });
  // A refusal may come, and the connection go, before all is sent.
  sent.on('error', () => {});
  sent.end(text);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let received = '';
  for await (const chunk of response) received += chunk;
  const json = response.headers['content-type'] === 'application/json' && received !== '';
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: received,
    body: json ? JSON.parse(received) : {},
  };
}

const index = createRouteIndex(ADMIN_ROUTES);

function checkAgainst(document: OpenApiDocument, { method = 'GET', path }: Sent, reply: Reply): void {
  const route = index.find(path.split('?')[0] ?? '')?.methods.get(method);
  if (reply.headers['content-type'] !== 'application/json' || reply.status === 304) return;
  const operation = route && document.paths[route.path]?.[method.toLowerCase()];
  const responses = (operation?.['responses'] ?? {}) as Record<string, Schema>;
  const { content } = (responses[String(reply.status)] ?? responses['default'] ?? errorOf(document)) as {
    content: Record<string, { schema: Schema }>;
  };
  const schema = content['application/json']?.schema;
  assert.ok(schema !== undefined, `${method} ${path} answers JSON, the document says otherwise`);
  const root = document as unknown as { components: { schemas: Schema } };
  assert.deepEqual(schemaFaults(schema, reply.body, root), [], `${method} ${path} ${reply.status}: ${reply.text}`);
}

/** What paths and methods that the document does not have answer with. */
function errorOf(document: OpenApiDocument): Schema {
  return { content: { 'application/json': { schema: document.components.schemas['Error'] } } };
}
