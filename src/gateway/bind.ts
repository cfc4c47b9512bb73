import { Secret } from '../config/secret.ts';
import { createCredential } from '../credentials/create-credential.ts';
import type { Credential, CredentialEnvironment } from '../credentials/credential.ts';
import type { BoundCluster, BoundSnapshot } from '../exchange/runtime.ts';
import type { Cluster, ClusterEndpoint, Snapshot } from '../snapshot/snapshot.ts';

/** Credentials by what they were made from, so that a reload keeps tokens that are still right. */
export interface CredentialPool {
  /**
   * Binds a snapshot's clusters. Throws GatewayError for a credential that can never work. Credentials that a former snapshot
   * alone used are closed by `retire`, once nothing can bring it back.
   */
  bind(
    snapshot: Snapshot,
    endpointsOf: (cluster: Cluster) => readonly ClusterEndpoint[],
  ): { bound: BoundSnapshot; retire(): void };
  close(): void;
}

/** Identity of a credential's configuration. Secrets are part of it, so it must never leave this module. */
function identity(cluster: Cluster): string {
  const { api_key, credential, credential_override } = cluster.config;
  return JSON.stringify(
    [cluster.provider.auth, api_key, credential, credential_override, cluster.region, cluster.endpoints[0]?.host],
    // JSON.stringify asks a Secret for its redacted form before the replacer sees it.
    function reveal(this: Record<string, unknown>, key: string, value: unknown) {
      const original = this[key];
      return original instanceof Secret ? original.reveal() : value;
    },
  );
}

function create(cluster: Cluster, environment: CredentialEnvironment): Credential {
  const { api_key, credential, credential_override: override } = cluster.config;
  return createCredential(
    {
      auth: (credential?.type === 'api_key' ? credential.scheme : undefined) ?? cluster.provider.auth,
      credential: credential ?? (api_key === undefined ? undefined : { type: 'api_key', key: api_key }),
      ...(override === undefined
        ? {}
        : {
            override: {
              ...(override.header === undefined ? {} : { header: override.header }),
              fallbackToConfigured: override.fallback_to_configured,
            },
          }),
      ...(cluster.region === '' ? {} : { region: cluster.region }),
      endpointHost: cluster.endpoints[0]?.host ?? '',
    },
    environment,
  );
}

function takeTurns(endpoints: readonly ClusterEndpoint[]): () => ClusterEndpoint {
  const first = endpoints[0] as ClusterEndpoint;
  if (endpoints.length === 1) return () => first;
  let at = 0;
  return () => {
    const endpoint = endpoints[at] as ClusterEndpoint;
    at = at + 1 === endpoints.length ? 0 : at + 1;
    return endpoint;
  };
}

/** Makes the pool of credentials. */
export function createCredentialPool(environment: CredentialEnvironment): CredentialPool {
  let pool = new Map<string, Credential>();
  return {
    bind(snapshot, endpointsOf) {
      const next = new Map<string, Credential>();
      const clusters: BoundCluster[] = snapshot.clusters.map((cluster) => {
        const key = identity(cluster);
        const credential = next.get(key) ?? pool.get(key) ?? create(cluster, environment);
        next.set(key, credential);
        return {
          cluster,
          credential,
          nextEndpoint: takeTurns(endpointsOf(cluster)),
          modelList: { models: [], until: 0, pending: undefined },
        };
      });
      return {
        bound: { snapshot, clusters },
        retire() {
          for (const [key, credential] of pool) if (!next.has(key)) credential.close?.();
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
