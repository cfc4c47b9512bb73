import type { HttpCall } from '../../credentials/credential.ts';

/** Token endpoints answer with little; more is a mistake. */
const MAX_BODY = 1024 * 1024;

/** HTTP for token endpoints and the like: bounded in time and size, redirects are not followed. */
export function createHttpCall(): HttpCall {
  return async ({ method, url, headers, body, timeoutMs }) => {
    // Large, and most configurations have nothing to fetch.
    const { request } = await import('undici');
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await request(url, {
      method: method as 'GET',
      headers,
      ...(body === undefined ? {} : { body }),
      signal,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      length += (chunk as Buffer).length;
      if (length > MAX_BODY) throw new Error(`${new URL(url).host} answered with more than ${MAX_BODY} bytes`);
      chunks.push(chunk as Buffer);
    }
    const flat: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    return { status: response.statusCode, headers: flat, body: Buffer.concat(chunks).toString('utf8') };
  };
}
