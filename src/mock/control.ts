import type { CallControl } from './call.ts';
import { parseFaultKind } from './faults.ts';

/**
 * Reads the `x-mock-*` headers with which a single request steers the mock (documented in
 * `docs/mock.md`). A header that cannot be read is named in the thrown Error.
 */
export function readControl(headers: Readonly<Record<string, string>>): CallControl {
  const control: CallControl = {};
  const status = readNumber(headers, 'x-mock-status');
  if (status !== undefined) {
    if (status < 200 || status > 599) throw new Error('x-mock-status must be an HTTP status from 200 to 599.');
    control.status = status;
  }
  const body = headers['x-mock-body'];
  if (body !== undefined) control.body = Buffer.from(body, 'base64');
  const contentType = headers['x-mock-content-type'];
  if (contentType !== undefined) control.contentType = contentType;
  const latencyMs = readNumber(headers, 'x-mock-latency-ms');
  if (latencyMs !== undefined) control.latencyMs = latencyMs;
  const tokens = readNumber(headers, 'x-mock-tokens');
  if (tokens !== undefined) control.tokens = tokens;
  const pace = readNumber(headers, 'x-mock-tokens-per-second');
  if (pace !== undefined) control.tokensPerSecond = pace;
  const cached = readNumber(headers, 'x-mock-cached-tokens');
  if (cached !== undefined) control.cachedTokens = cached;
  const tool = headers['x-mock-tool'];
  if (tool !== undefined) control.forcedTools = tool.split(',').map((name) => name.trim());
  const encoding = headers['x-mock-encoding'];
  if (encoding !== undefined) {
    if (encoding !== 'gzip' && encoding !== 'br') throw new Error('x-mock-encoding must be gzip or br.');
    control.encoding = encoding;
  }
  const fail = headers['x-mock-fail'];
  if (fail !== undefined) {
    const fault = parseFaultKind(fail.trim());
    if (fault === undefined) throw new Error(`x-mock-fail does not know ${JSON.stringify(fail)}.`);
    control.fault = fault;
  }
  return control;
}

function readNumber(headers: Readonly<Record<string, string>>, name: string): number | undefined {
  const text = headers[name];
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0) {
    throw new Error(`${name} must be a number, not ${JSON.stringify(text)}.`);
  }
  return number;
}
