// Preloaded into a Node candidate: tells through the IPC channel how long its event loop was held, in milliseconds.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

process.on('message', (message) => {
  if (message === 'loop-start') {
    delay.reset();
    delay.enable();
  } else if (message === 'loop-stop') {
    delay.disable();
    process.send?.({ longestHoldMs: Math.max(0, delay.max / 1e6 - RESOLUTION_MS) });
  }
});
// The watch alone must not keep the process alive.
process.channel?.unref();
