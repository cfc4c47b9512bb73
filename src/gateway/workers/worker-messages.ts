import type { ClusterView } from '../../admin/cluster-port.ts';
import type { BudgetStanding } from '../../exchange/runtime.ts';
import type { LogLevel } from '../../telemetry/logger.ts';
import type { NoticedLimit } from '../budget-notices.ts';
import type { TransferredConfig } from './config-transfer.ts';

/** Name of the environment variable that carries a WorkerSetup, as JSON, to a worker. */
export const WORKER_SETUP_VARIABLE = 'AIGW_WORKER_SETUP';

/** What a worker knows before the first message. */
export interface WorkerSetup {
  /** Its place, from 1; the worker that follows one that ended has the same. */
  readonly index: number;
  readonly version: string;
  readonly logLevel: LogLevel;
  readonly logFormat: 'text' | 'json';
}

/** What the primary asks of a worker. */
export type WorkerTask =
  | {
      readonly task: 'apply';
      readonly config: TransferredConfig;
      readonly hash: string;
      readonly sources: readonly string[];
    }
  | { readonly task: 'metrics' }
  | { readonly task: 'clusters' }
  | { readonly task: 'set-endpoints'; readonly cluster: string; readonly urls: readonly string[] }
  | { readonly task: 'refresh-keys' }
  | { readonly task: 'reopen-logs' }
  /** The worker ends after its answer. */
  | { readonly task: 'drain' };

/** What a task answers with. */
export interface TaskResults {
  apply: undefined;
  metrics: string;
  clusters: readonly ClusterView[];
  'set-endpoints': undefined;
  'refresh-keys': undefined;
  'reopen-logs': undefined;
  drain: undefined;
}

/** A task on its way to a worker. */
export interface TaskMessage {
  readonly aigw: 'task';
  readonly id: number;
  readonly task: WorkerTask;
}

/** What a worker says. */
export type WorkerMessage =
  /** It takes tasks. */
  | { readonly aigw: 'up' }
  | { readonly aigw: 'done'; readonly id: number; readonly result: unknown }
  | { readonly aigw: 'failed'; readonly id: number; readonly message: string }
  /** A budget has reached a threshold. */
  | { readonly aigw: 'budget'; readonly limit: NoticedLimit; readonly standing: BudgetStanding };

/** Whether a message is a task; others on the same channel are left alone. */
export function isTaskMessage(message: unknown): message is TaskMessage {
  return isOurs(message) && message.aigw === 'task';
}

/** Whether a message is one of a worker's. */
export function isWorkerMessage(message: unknown): message is WorkerMessage {
  return isOurs(message) && message.aigw !== 'task';
}

function isOurs(message: unknown): message is { aigw: unknown } {
  return typeof message === 'object' && message !== null && 'aigw' in message;
}
