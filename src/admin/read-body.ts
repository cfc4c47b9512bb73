import type { IncomingMessage } from 'node:http';
import { AdminError } from './admin-error.ts';
import { findJsonFault } from './json-guard.ts';

/** What a route takes as a body. */
export interface BodyRules {
  /** Media types in lower case, without parameters. */
  readonly types: readonly string[];
  readonly maxBytes: number;
}

/** JSON of at most 1 MiB. */
export const JSON_BODY: BodyRules = { types: ['application/json'], maxBytes: 1024 * 1024 };

function checkHeaders({ headers }: IncomingMessage, { types, maxBytes }: BodyRules): void {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!types.includes(type)) {
    throw new AdminError(415, 'unsupported_media_type', {
      message: `The body must be ${types.join(' or ')}; say so in content-type.`,
    });
  }
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    throw new AdminError(415, 'unsupported_media_type', { message: 'The body must not be compressed.' });
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

function tooLarge(maxBytes: number): AdminError {
  return new AdminError(413, 'request_too_large', { message: `The body has more than ${maxBytes} bytes.` });
}

/** The text of a body. Throws AdminError 413 or 415, or 400 when it is no UTF-8; what is too large is not read to its end. */
export async function readText(request: IncomingMessage, rules: BodyRules): Promise<string> {
  checkHeaders(request, rules);
  const chunks: Buffer[] = [];
  let size = 0;
  // Whoever sent too much still gets an answer: leaving the loop must not close the connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > rules.maxBytes) throw tooLarge(rules.maxBytes);
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new AdminError(400, 'malformed_request', { message: 'The body is no UTF-8 text.' });
  }
}

/** The value of a JSON text. Throws AdminError 400 for what is no JSON, too deep, or has a field twice. */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new AdminError(400, 'malformed_request', { message: 'The body is no JSON.' });
  }
  const fault = findJsonFault(text);
  if (fault !== undefined) throw new AdminError(400, 'malformed_request', { message: `The body ${fault}.` });
  return value;
}
