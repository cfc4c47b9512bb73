import type { TestContext } from 'node:test';
import type { RecordedRequest } from '../../../src/mock/recorder.ts';
import type { Fleet, FleetProvider } from './fleet.ts';

/** What an operation is tried with. */
export interface SdkCase<Client> {
  readonly provider: FleetProvider;
  readonly client: Client;
  readonly fleet: Fleet;
  /** The requests that reached the provider since the operation began. */
  sent(): RecordedRequest[];
}

/** One operation of an SDK, tried against every provider. */
export interface SdkOperation<Client> {
  readonly name: string;
  /** Names of the providers that have it; absent: all of them. */
  readonly providers?: readonly string[];
  /** Rejects when anything is not as a user of the SDK expects. */
  run(context: SdkCase<Client>): Promise<void>;
  /** Resolves when the operation is refused as it should be at a provider that does not have it. */
  refused?(context: SdkCase<Client>): Promise<void>;
}

/** What the columns of the table are and how one is called. */
export interface TableOptions<Client> {
  readonly title: string;
  readonly fleet: Fleet;
  readonly providers: readonly FleetProvider[];
  readonly operations: readonly SdkOperation<Client>[];
  clientFor(provider: FleetProvider): Client;
}

type Mark = 'ok' | '-' | 'FAIL';

/**
 * Tries every operation against every provider, one subtest each, and prints the outcome as a table: `ok`, `-` where the
 * provider does not have the operation and the client is told so, `FAIL`.
 */
export async function runTable<Client>(t: TestContext, options: TableOptions<Client>): Promise<void> {
  const { fleet, providers, operations } = options;
  const marks = new Map<string, Mark>();
  for (const provider of providers) {
    const client = options.clientFor(provider);
    await t.test(provider.name, async (perProvider) => {
      for (const operation of operations) {
        const key = `${operation.name} ${provider.name}`;
        marks.set(key, 'FAIL');
        await perProvider.test(operation.name, async () => {
          const from = fleet.requestCount;
          const context = { provider, client, fleet, sent: () => fleet.requestsSince(from) };
          const has = operation.providers === undefined || operation.providers.includes(provider.name);
          if (has) await operation.run(context);
          else if (operation.refused === undefined) throw new Error(`no test of how ${operation.name} is refused`);
          else await operation.refused(context);
          marks.set(key, has ? 'ok' : '-');
        });
      }
    });
  }
  for (const line of tableLines(options, (operation, provider) => marks.get(`${operation} ${provider}`) ?? 'FAIL')) {
    t.diagnostic(line);
  }
}

function tableLines<Client>(
  { title, providers, operations }: TableOptions<Client>,
  mark: (operation: string, provider: string) => Mark,
): string[] {
  const first = Math.max(title.length, ...operations.map(({ name }) => name.length));
  const head = [title.padEnd(first), ...providers.map(({ name }) => name)].join(' | ');
  const rows = operations.map((operation) =>
    [operation.name.padEnd(first), ...providers.map(({ name }) => mark(operation.name, name).padEnd(name.length))].join(
      ' | ',
    ),
  );
  return [head, head.replace(/[^|]/g, '-'), ...rows];
}
