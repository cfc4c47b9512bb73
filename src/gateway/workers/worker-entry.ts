// The program of a worker process: the primary starts it, and it ends with the primary.
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { WORKER_SETUP_VARIABLE, type WorkerSetup } from './worker-messages.ts';
import { runWorkerProcess } from './worker-process.ts';

const text = process.env[WORKER_SETUP_VARIABLE];
if (text === undefined || process.send === undefined) {
  process.stderr.write('this program is started by `aigw run --workers`\n');
  process.exit(2);
}
delete process.env[WORKER_SETUP_VARIABLE];

// A terminal or a service manager signals every process of the group: the primary says what is to be done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

runWorkerProcess({
  setup: JSON.parse(text) as WorkerSetup,
  channel: {
    send(message, sent) {
      // Without its primary the process ends by itself, in a moment; there is nobody left to be told.
      if (!process.connected || process.send === undefined) sent?.();
      else process.send(message, undefined, undefined, () => sent?.());
    },
    onMessage: (listener) => void process.on('message', listener),
  },
  environment: { env: process.env, readFile: (file) => readFile(file, 'utf8'), homeDirectory: homedir() },
  exit: () => process.exit(0),
});
