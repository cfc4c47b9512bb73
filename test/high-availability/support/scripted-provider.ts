import type { ProviderCall, RawProvider } from '../../support/raw-provider.ts';
import { startRawProvider } from '../../support/raw-provider.ts';
import type { Scope } from '../../support/wait.ts';
import { answerWell } from './storm-faults.ts';

/** A provider whose behaviour a test changes as it goes. */
export interface ScriptedProvider extends RawProvider {
  /** What it does to a request; well until a test says otherwise. */
  play: (call: ProviderCall) => void;
}

/** Starts a provider that answers well, in the API it is asked in, and says in `x-answered-by` who it is. */
export async function startProvider(scope: Scope, name: string): Promise<ScriptedProvider> {
  const well = (call: ProviderCall) => answerWell(call, { 'x-answered-by': name });
  const script = { play: well };
  const provider = await startRawProvider(scope, (call) => script.play(call));
  return {
    port: provider.port,
    url: provider.url,
    calls: provider.calls,
    get connections() {
      return provider.connections;
    },
    close: provider.close,
    get play() {
      return script.play;
    },
    set play(next) {
      script.play = next;
    },
  };
}

/** Refuses with a JSON error. */
export function refuseWith(
  status: number,
  headers: Record<string, string> = {},
  error: object = {},
): (call: ProviderCall) => void {
  const body = JSON.stringify({ error: { message: 'Not now.', type: 'server_error', ...error } });
  return (call) => call.reply(status, { 'content-type': 'application/json', ...headers }, body);
}
