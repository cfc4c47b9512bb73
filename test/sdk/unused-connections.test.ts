import { connect } from 'node:net';
import { after, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';
import { waitFor, within } from '../support/wait.ts';

/** HTTP clients open connections ahead of need: undici does when a stream was given up. */
test('a connection on which nothing was ever sent does not hold up the end', async () => {
  const gateway = await startGateway({ after }, 'static_cluster: { demo: { provider: demo } }');
  const socket = connect({ port: gateway.port, host: '127.0.0.1' });
  after(() => void socket.destroy());
  // The gateway closes it; how is its own affair.
  socket.on('error', () => undefined);
  await waitFor('the connection to be accepted', () => (gateway.gateway.listeners[0]?.connections ?? 0) > 0);
  await within('the gateway to stop', gateway.stop(), 5000);
});
