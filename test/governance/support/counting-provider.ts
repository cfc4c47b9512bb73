import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isObject, type JsonObject } from '../../../src/json/types.ts';
import type { Scope } from '../../support/wait.ts';

/** Tokens that a provider bills for one request. */
export interface BilledTokens {
  readonly input: number;
  readonly output: number;
}

/** A provider of chat completions that keeps a record of its own. */
export interface CountingProvider {
  readonly url: string;
  /** Requests that came, and those whose answer went out whole. */
  readonly received: number;
  readonly answered: number;
  /** Tokens of all requests that were answered. */
  readonly input: number;
  readonly output: number;
  /** Most requests at one time. */
  readonly peak: number;
  /** Raw headers and bodies of the last requests, newest last; as many as `keep` says. */
  readonly seen: readonly { headers: readonly string[]; url: string; body: string }[];
}

/**
 * Starts a provider on a free port of this machine. `bill` says what a request costs whatever it allows, `latencyMs` how long
 * each takes, so that requests overlap.
 */
export async function startCountingProvider(
  scope: Scope,
  options: { bill(body: JsonObject): BilledTokens; latencyMs?: number | ((body: JsonObject) => number); keep?: number },
): Promise<CountingProvider> {
  const counts = { received: 0, answered: 0, input: 0, output: 0, peak: 0 };
  const seen: { headers: readonly string[]; url: string; body: string }[] = [];
  let open = 0;
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      counts.received += 1;
      open += 1;
      counts.peak = Math.max(counts.peak, open);
      const text = Buffer.concat(chunks).toString('utf8');
      seen.push({ headers: request.rawHeaders, url: request.url ?? '', body: text });
      if (seen.length > (options.keep ?? 0)) seen.shift();
      const parsed: unknown = text === '' ? {} : JSON.parse(text);
      const body = isObject(parsed) ? parsed : {};
      const billed = options.bill(body);
      const latencyMs = typeof options.latencyMs === 'function' ? options.latencyMs(body) : options.latencyMs;
      const answer = () => {
        open -= 1;
        if (response.destroyed) return;
        counts.answered += 1;
        counts.input += billed.input;
        counts.output += billed.output;
        const bytes = Buffer.from(JSON.stringify(completion(billed)));
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
        response.end(bytes);
      };
      if (latencyMs === undefined) answer();
      else setTimeout(answer, latencyMs);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  scope.after(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return Object.assign(counts, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen });
}

function completion({ input, output }: BilledTokens): JsonObject {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1700000000,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
  };
}
