import type { CounterPort } from '../../stores/counters/counter-messages.ts';
import { RemoteCounters } from '../../stores/counters/remote-counters.ts';
import { createLogger, type LogFields, type Logger } from '../../telemetry/logger.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../gateway.ts';
import { unpackConfig } from './config-transfer.ts';
import {
  isTaskMessage,
  type TaskResults,
  type WorkerMessage,
  type WorkerSetup,
  type WorkerTask,
} from './worker-messages.ts';

/** The channel to the primary process. */
export interface PrimaryChannel {
  /** `sent` is called when the message is on its way, or cannot be. */
  send(message: unknown, sent?: () => void): void;
  onMessage(listener: (message: unknown) => void): void;
}

/** What a worker takes from its process. */
export interface WorkerProcessOptions {
  readonly setup: WorkerSetup;
  readonly channel: PrimaryChannel;
  readonly environment: GatewayOptions['environment'];
  /** Ends the process, once it has drained. */
  exit(): void;
}

/** Runs a worker: a gateway that does what the primary asks for and counts limits there. */
export function runWorkerProcess({ setup, channel, environment, exit }: WorkerProcessOptions): void {
  const logger = numbered(createLogger({ level: setup.logLevel, format: setup.logFormat }), setup.index);
  const say = (message: WorkerMessage, sent?: () => void) => channel.send(message, sent);
  const port: CounterPort = { send: (message) => channel.send(message), onMessage: channel.onMessage };
  const counters = new RemoteCounters(port);
  const gateway = createGateway({
    version: setup.version,
    logger,
    environment,
    counters,
    tellBudget: (limit, standing) =>
      say({
        aigw: 'budget',
        limit: { id: limit.id, name: limit.name, budget: limit.budget && { webhook: limit.budget.webhook } },
        standing,
      }),
    // All workers have the same configuration: one tells what is wrong with it.
    warn: setup.index === 1 ? (text) => logger.warn(text) : () => undefined,
  });
  channel.onMessage((message) => {
    if (!isTaskMessage(message)) return;
    const { id, task } = message;
    perform(gateway, task).then(
      (result) => {
        if (task.task !== 'drain') return say({ aigw: 'done', id, result });
        // Settlements that wait go before the answer.
        counters.close();
        say({ aigw: 'done', id, result }, exit);
      },
      (error: unknown) => say({ aigw: 'failed', id, message: error instanceof Error ? error.message : String(error) }),
    );
  });
  say({ aigw: 'up' });
}

async function perform(gateway: Gateway, task: WorkerTask): Promise<TaskResults[WorkerTask['task']]> {
  switch (task.task) {
    case 'apply': {
      const loaded = {
        config: unpackConfig(task.config),
        hash: task.hash,
        warnings: [],
        documents: [],
        referencedFiles: [],
      };
      await gateway.apply(loaded, task.sources);
      return undefined;
    }
    case 'metrics': {
      let text = '';
      for await (const piece of gateway.admin.metricsText()) text += piece;
      return text;
    }
    case 'clusters':
      return (await gateway.admin.clusters?.()?.list()) ?? [];
    case 'set-endpoints':
      await gateway.admin.clusters?.()?.setManaged(task.cluster, task.urls);
      return undefined;
    case 'refresh-keys':
      await gateway.refreshKeys();
      return undefined;
    case 'reopen-logs':
      gateway.reopenLogs();
      return undefined;
    case 'drain':
      await gateway.drain();
      return undefined;
    default:
      return task satisfies never;
  }
}

/** A log whose lines tell which worker they are of. */
function numbered(logger: Logger, worker: number): Logger {
  const add = (fields: LogFields | undefined) => ({ ...fields, worker });
  return {
    debug: (message, fields) => logger.debug(message, add(fields)),
    info: (message, fields) => logger.info(message, add(fields)),
    warn: (message, fields) => logger.warn(message, add(fields)),
    error: (message, fields) => logger.error(message, add(fields)),
  };
}
