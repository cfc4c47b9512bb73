import type { HttpCall } from '../credentials/credential.ts';

const TIMEOUT_MS = 5000;

/** Fetches a text, such as a key set; rejects when the answer is no 2xx or takes longer than five seconds. */
export async function fetchText(http: HttpCall, url: string): Promise<string> {
  const { status, body } = await http({
    method: 'GET',
    url,
    headers: { accept: 'application/json' },
    timeoutMs: TIMEOUT_MS,
  });
  if (status < 200 || status > 299) throw new Error(`${new URL(url).host} answered with status ${status}`);
  return body;
}

/** Posts JSON to a webhook; rejects when the answer is no 2xx or takes longer than five seconds. */
export async function postNotice(http: HttpCall, url: string, body: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const { status } = await http({ method: 'POST', url, headers, body, timeoutMs: TIMEOUT_MS });
  if (status < 200 || status > 299) throw new Error(`${new URL(url).host} answered with status ${status}`);
}
