import type { ClusterPort } from '../../admin/cluster-port.ts';
import type { KeyAdministration } from '../../admin/keys/key-port.ts';
import type { LimitAdministration } from '../../admin/limits/limit-port.ts';
import type { AdminPort } from '../../admin/port.ts';
import { joinClusterViews } from './cluster-views.ts';
import type { FleetMetrics } from './fleet-metrics.ts';
import type { WorkerTask } from './worker-messages.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** The admin listener's view over all processes. */
export interface FleetAdmin {
  /** What the admin listener shows, given what it would show of the primary alone. */
  over(own: AdminPort): AdminPort;
  /** Tells a worker that is new what was set by way of the admin listener. Rejects when it has ended. */
  restore(slot: WorkerSlot): Promise<void>;
}

/** What the view is made of. */
export interface FleetAdminOptions {
  readonly slots: readonly WorkerSlot[];
  readonly metrics: FleetMetrics;
  /** Whether any worker takes requests. */
  isServing(): boolean;
}

/** Makes the view. */
export function createFleetAdmin({ slots, metrics, isServing }: FleetAdminOptions): FleetAdmin {
  let ownClusters: (() => ClusterPort | undefined) | undefined;

  /** Tells every worker; one that ends meanwhile hears of it when it is back. */
  async function tell(task: WorkerTask): Promise<void> {
    await Promise.allSettled(slots.filter((slot) => slot.isUp).map((slot) => slot.ask(task)));
  }

  async function views() {
    const told = await Promise.allSettled(
      slots.filter((slot) => slot.isUp).map((slot) => slot.ask({ task: 'clusters' })),
    );
    return joinClusterViews(told.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])));
  }

  function overClusters(own: ClusterPort): ClusterPort {
    return {
      list: () => own.list(),
      find: (name) => own.find(name),
      listAll: views,
      managed: (name) => own.managed(name),
      async setManaged(name, urls) {
        await own.setManaged(name, urls);
        await tell({ task: 'set-endpoints', cluster: name, urls });
      },
    };
  }

  /** A part of the port whose changes workers hear of too. Parts are plain objects of functions. */
  const telling = <Part extends KeyAdministration | LimitAdministration>(own: Part): Part => ({
    ...own,
    changed() {
      own.changed();
      void tell({ task: 'refresh-keys' });
    },
  });

  return {
    over(own) {
      ownClusters = () => own.clusters?.();
      return {
        ...own,
        ready() {
          const answer = own.ready();
          return answer.ready && !isServing() ? { ready: false, reason: 'no worker serves' } : answer;
        },
        metricsText: () => metrics.text(own.metricsText()),
        clusters() {
          const clusters = own.clusters?.();
          return clusters && overClusters(clusters);
        },
        keys() {
          const keys = own.keys?.();
          return keys && telling(keys);
        },
        limits() {
          const limits = own.limits?.();
          return limits && telling(limits);
        },
      };
    },
    async restore(slot) {
      const clusters = ownClusters?.();
      for (const { name } of clusters?.list() ?? []) {
        const urls = clusters?.managed(name);
        if (urls !== undefined && urls.length > 0) await slot.ask({ task: 'set-endpoints', cluster: name, urls });
      }
    },
  };
}
