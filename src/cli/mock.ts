import { type MockFlags, parseMockFlags } from '../mock/cli-options.ts';
import { createMockServer } from '../mock/server.ts';
import { ExitError } from './exit-error.ts';
import { waitForSignal } from './signals.ts';

/** `aigw mock`: a fake provider, until it is told to stop. */
export async function mock(flags: MockFlags): Promise<void> {
  let command: ReturnType<typeof parseMockFlags>;
  try {
    command = parseMockFlags(flags);
  } catch (error) {
    throw new ExitError(2, (error as Error).message);
  }
  const server = createMockServer(command.options);
  try {
    const { url } = await server.listen(command.port, command.address);
    process.stdout.write(`mock provider listening on ${url}\n`);
  } catch (error) {
    throw new ExitError(1, `cannot listen on ${command.address}:${command.port}: ${(error as Error).message}`);
  }
  await waitForSignal();
  await server.close();
}
