import { get } from 'node:http';
import { parseDuration } from '../config/units.ts';
import { ExitError } from './exit-error.ts';

function askReady(options: {
  address: string;
  port: number;
  timeoutMs: number;
}): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(
      { host: options.address, port: options.port, path: '/readyz', timeout: options.timeoutMs },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', reject);
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer within ${options.timeoutMs} ms`)));
    request.on('error', reject);
  });
}

/** `aigw healthcheck`: asks a running gateway's admin listener. Exit status 1 when it is not ready or not there. */
export async function healthcheck(options: { adminPort: string; address: string; timeout: string }): Promise<void> {
  const port = Number(options.adminPort);
  const timeoutMs = parseDuration(options.timeout);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new ExitError(2, `--admin-port ${options.adminPort} is not a port`);
  if (timeoutMs === undefined) throw new ExitError(2, `--timeout ${options.timeout} is not a duration such as 2s`);
  const where = `${options.address}:${port}`;
  let answer: { status: number; body: string };
  try {
    answer = await askReady({ address: options.address, port, timeoutMs });
  } catch (error) {
    throw new ExitError(1, `no gateway answers at ${where}: ${(error as Error).message}`);
  }
  if (answer.status !== 200) throw new ExitError(1, `the gateway at ${where} is not ready: ${answer.body.trim()}`);
  process.stdout.write('ready\n');
}
