import type { AdminPort } from '../admin/port.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { BudgetNotices } from './budget-notices.ts';

/** Other processes that carry the requests of a gateway. */
export interface Fleet {
  /** Puts a configuration in force in every process; rejects when one cannot, and then in none. */
  apply(loaded: LoadedConfig, sources: readonly string[]): Promise<void>;
  /** Puts the configuration in force that was before the last one. */
  revert(): Promise<void>;
  /** Where clients are served. */
  readonly listeners: readonly { readonly name: string; readonly address: string; readonly port: number }[];
  /** What the admin listener shows of this process, over all processes. */
  admin(own: AdminPort): AdminPort;
  /** Who is told of budgets. */
  onBudget(tell: BudgetNotices['reached']): void;
  /** Processes that serve now, and how often one was replaced. */
  counts(): { running: number; restarts: number };
  /** Lines of the processes' output that were lost. */
  readonly droppedLines: number;
  reopenLogs(): void;
  /** Lets requests in flight finish within `graceMs` and ends the processes. */
  drain(graceMs: number): Promise<void>;
}
