import type { AdminPort, ConfigAdministration, ConfigVersion } from '../admin/port.ts';
import { ConfigError } from '../config/issue.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { GatewayConfig } from '../config/model.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Governance } from './governance.ts';

/** What the admin listener may know and change of organizations, keys, limits, usage and prices. */
export function administerGovernance(
  governance: Governance,
  options: { config: () => GatewayConfig | undefined; logger: Logger },
): Required<Pick<AdminPort, 'organizations' | 'keys' | 'usage' | 'audit' | 'limits' | 'prices'>> {
  const { config, logger } = options;
  const organizations = () => config()?.organizations ?? [];
  const durable = () => governance.stores?.durable();
  const changed = () => {
    governance.issued?.refresh().catch((error: unknown) => logger.error('issued keys cannot be read', { error }));
  };
  return {
    organizations,
    keys() {
      const { issued, filters } = governance;
      const stores = durable();
      if (issued === undefined || filters === undefined || stores === undefined) return undefined;
      return {
        store: () => stores.then((opened) => opened.keys),
        hash: filters.hash,
        organizations: organizations(),
        changed,
      };
    },
    usage: () => durable()?.then((opened) => opened.ledger),
    audit: () => durable()?.then((opened) => opened.audit),
    limits() {
      const { stores, filters } = governance;
      if (stores === undefined || filters === undefined) return undefined;
      return {
        limits: () => filters.scopedLimits,
        extras: governance,
        peek: (counters, nowMs) => stores.counters.peek(counters, nowMs),
        reset: (counter, nowMs) => stores.counters.reset(counter, nowMs),
        overrides: () => durable()?.then((opened) => opened.keys),
        changed,
      };
    },
    prices: () => governance.filters?.prices,
  };
}

/** Takes configurations from administrators. */
export function administerConfig(options: {
  /** Loads the text of a gateway file under the rules of this process. Throws ConfigError. */
  load(text: string): LoadedConfig;
  /** Applies it, unless another configuration than `expectedHash` is in force when its turn comes; resolves to whether it did. */
  apply(loaded: LoadedConfig, sources: readonly string[], expectedHash: string | undefined): Promise<boolean>;
  applied(): ConfigVersion | undefined;
}): ConfigAdministration {
  return {
    async put(text, { expectedHash, actor }) {
      let loaded: LoadedConfig;
      try {
        loaded = options.load(text);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return { ok: false, reason: 'invalid', errors: error.message.split('\n') };
      }
      let taken: boolean;
      try {
        taken = await options.apply(loaded, [`admin API (${actor})`], expectedHash);
      } catch (error) {
        return { ok: false, reason: 'invalid', errors: [error instanceof Error ? error.message : String(error)] };
      }
      const applied = options.applied();
      if (!taken || applied === undefined) return { ok: false, reason: 'stale', applied };
      return { ok: true, applied, warnings: loaded.warnings.map((warning) => warning.message) };
    },
  };
}
