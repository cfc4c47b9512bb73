/** Resolves at the first SIGINT or SIGTERM. A second one ends the process at once, as a user who presses Ctrl-C twice wants. */
export function waitForSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first = true;
    const take = (signal: NodeJS.Signals) => {
      if (!first) process.exit(130);
      first = false;
      resolve(signal);
    };
    process.on('SIGINT', take);
    process.on('SIGTERM', take);
  });
}
