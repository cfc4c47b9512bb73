// What undici makes connections with, as a file of its own: its index also loads everything else that it can do.
declare module 'undici/lib/core/connect.js' {
  import type { buildConnector } from 'undici';

  const build: typeof buildConnector;
  export = build;
}
