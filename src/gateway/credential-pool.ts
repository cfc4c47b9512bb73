import { Secret } from '../config/secret.ts';
import { createCredential } from '../credentials/create-credential.ts';
import type { Credential, CredentialEnvironment } from '../credentials/credential.ts';
import type { Cluster, Snapshot } from '../snapshot/snapshot.ts';

/** Credentials by what they were made from, so that a reload keeps tokens that are still right. */
export interface CredentialPool {
  /**
   * The credentials of each cluster, by `cluster.index`: one, or one for each of its keys. Throws GatewayError for one that can
   * never work. Credentials that a former snapshot alone used are closed by `retire`, once nothing can bring it back.
   */
  take(snapshot: Snapshot): { credentials: readonly (readonly Credential[])[]; retire(): void };
  close(): void;
}

/** One key of a cluster, or the whole of its credential. */
type KeyOf = Secret | undefined;

/** Identity of a credential's configuration. Secrets are part of it, so it must never leave this module. */
function identity(cluster: Cluster, key: KeyOf): string {
  const { api_key, credential, credential_override } = cluster.config;
  return JSON.stringify(
    [cluster.provider.auth, key ?? api_key, credential, credential_override, cluster.region, hostOf(cluster)],
    // JSON.stringify asks a Secret for its redacted form before the replacer sees it.
    function reveal(this: Record<string, unknown>, name: string, value: unknown) {
      const original = this[name];
      return original instanceof Secret ? original.reveal() : value;
    },
  );
}

/** The host that requests name; empty of a cluster whose endpoints may be anywhere. */
function hostOf({ endpoints, discovery }: Cluster): string {
  return endpoints[0]?.host ?? (discovery?.kind === 'dns' ? new URL(discovery.url).host : '');
}

function create(cluster: Cluster, key: KeyOf, environment: CredentialEnvironment): Credential {
  const { api_key, credential, credential_override: override } = cluster.config;
  const apiKey = key ?? api_key;
  return createCredential(
    {
      auth: (credential?.type === 'api_key' ? credential.scheme : undefined) ?? cluster.provider.auth,
      credential: credential ?? (apiKey === undefined ? undefined : { type: 'api_key', key: apiKey }),
      ...(override === undefined
        ? {}
        : {
            override: {
              ...(override.header === undefined ? {} : { header: override.header }),
              fallbackToConfigured: override.fallback_to_configured,
            },
          }),
      ...(cluster.region === '' ? {} : { region: cluster.region }),
      endpointHost: hostOf(cluster),
    },
    environment,
  );
}

/** Makes the pool of credentials. */
export function createCredentialPool(environment: CredentialEnvironment): CredentialPool {
  let pool = new Map<string, Credential>();
  return {
    take(snapshot) {
      const next = new Map<string, Credential>();
      const credentials = snapshot.clusters.map((cluster) => {
        const keys: readonly KeyOf[] = cluster.config.api_keys ?? [undefined];
        return keys.map((key) => {
          const id = identity(cluster, key);
          const credential = next.get(id) ?? pool.get(id) ?? create(cluster, key, environment);
          next.set(id, credential);
          return credential;
        });
      });
      return {
        credentials,
        retire() {
          for (const [id, credential] of pool) if (!next.has(id)) credential.close?.();
          pool = next;
        },
      };
    },
    close() {
      for (const credential of pool.values()) credential.close?.();
      pool.clear();
    },
  };
}
