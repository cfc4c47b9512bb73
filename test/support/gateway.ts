import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../../src/gateway/gateway.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import type { Scope } from './wait.ts';

/** One line of the access log, with the fields that tests look at. */
export interface AccessRecord {
  /** The request's `x-test` header. */
  test: string | null;
  status: number;
  error: string | null;
  detail: string | null;
  aborted: boolean;
  attempts: number;
  stream: boolean;
  model: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  bytes_sent: number;
}

/** A gateway in this process, on free ports of this machine. */
export interface TestGateway {
  readonly gateway: Gateway;
  readonly port: number;
  readonly adminPort: number;
  /** Lines of the process log. */
  readonly log: readonly string[];
  /** Puts another configuration in force; the listeners stay unless the text names its own. */
  apply(text: string): Promise<void>;
  /** Stops it and resolves to all it wrote to its access log; nothing where the text names a log of its own. */
  stop(): Promise<AccessRecord[]>;
}

/** The format of the access log of a test gateway, as a line of the gateway file. */
export function accessLogLine(path: string): string {
  const fields = {
    test: '%REQ(X-TEST)%',
    status: '%RESPONSE_CODE%',
    error: '%AIGW(error_code)%',
    detail: '%AIGW(error_detail)%',
    aborted: '%AIGW(client_aborted)%',
    attempts: '%AIGW(attempts)%',
    stream: '%AIGW(stream)%',
    model: '%AIGW(original_model)%',
    input_tokens: '%AIGW(input_tokens)%',
    output_tokens: '%AIGW(output_tokens)%',
    bytes_sent: '%BYTES_SENT%',
  };
  return `access_log: ${JSON.stringify({ path, fields })}\n`;
}

/** The records in an access log file. */
export function readRecords(path: string): AccessRecord[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AccessRecord);
}

/** Makes a temporary folder that goes with the scope. */
export function temporaryFolder(scope: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'aigw-test-'));
  scope.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Starts a gateway with a gateway file's text. Listener, admin listener (both on free ports) and access log are added
 * unless the text has them.
 */
export async function startGateway(
  scope: Scope,
  text: string,
  options: Pick<GatewayOptions, 'resolve'> = {},
): Promise<TestGateway> {
  // Hooks run in the order in which they are set: the gateway stops before its folder goes.
  scope.after(() => stop().then(() => undefined));
  const accessLog = join(temporaryFolder(scope), 'access.log');
  const log: string[] = [];
  const gateway = createGateway({
    ...options,
    version: '0.0.0-test',
    logger: createLogger({ level: 'info', format: 'json', write: (line) => void log.push(line) }),
    environment: {
      env: {},
      readFile: () => Promise.reject(new Error('there are no files here')),
      homeDirectory: '/nonexistent',
    },
  });
  const apply = async (config: string) => {
    const parts = [config];
    if (!/^listeners:/m.test(config)) parts.push('listeners: [{ address: 127.0.0.1, port: 0 }]');
    if (!/^admin:/m.test(config)) parts.push('admin: { address: 127.0.0.1, port: 0 }');
    if (!/^access_log:/m.test(config)) parts.push(accessLogLine(accessLog));
    const loaded = loadConfig([{ file: 'test.yaml', text: parts.join('\n') }], {
      env: {},
      readText: (path) => readFileSync(path, 'utf8'),
      homeDirectory: '/nonexistent',
    });
    await gateway.apply(loaded, ['test.yaml']);
  };
  let stopping: Promise<AccessRecord[]> | undefined;
  const stop = () => {
    stopping ??= gateway.drain().then(() => (existsSync(accessLog) ? readRecords(accessLog) : []));
    return stopping;
  };
  await apply(text);
  return {
    gateway,
    get port() {
      return gateway.listeners[0]?.port ?? 0;
    },
    get adminPort() {
      return gateway.adminPort ?? 0;
    },
    log,
    apply,
    stop,
  };
}
