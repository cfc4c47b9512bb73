import { Refusal } from './refusal.ts';

/** One part of a `multipart/form-data` body (RFC 7578). */
export interface FormPart {
  name: string;
  /** Present for files. */
  fileName?: string;
  contentType: string;
  content: Buffer;
}

const BOUNDARY = /boundary=(?:"([^"]+)"|([^;\s]+))/i;
const NAME = /[;\s]name="([^"]*)"/i;
const FILE_NAME = /[;\s]filename="([^"]*)"/i;

/** Reads a form body. Throws Refusal 400 when it is not one. */
export function parseMultipart(contentType: string, body: Buffer): FormPart[] {
  const match = BOUNDARY.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (!contentType.toLowerCase().startsWith('multipart/form-data') || boundary === undefined) {
    throw new Refusal({ status: 400, message: 'The request must be multipart/form-data with a boundary.' });
  }
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  const parts: FormPart[] = [];
  let at = body.indexOf(mark);
  while (at >= 0) {
    const start = at + mark.length;
    if (body.toString('latin1', start, start + 2) === '--') return parts;
    const next = body.indexOf(mark, start);
    if (next < 0) break;
    const part = readPart(body.subarray(start + 2, next - 2));
    if (part !== undefined) parts.push(part);
    at = next;
  }
  throw new Refusal({ status: 400, message: 'The form body ends before its closing boundary.' });
}

/** The text of a form field; `''` when absent. */
export function fieldText(parts: readonly FormPart[], name: string): string {
  return parts.find((part) => part.name === name && part.fileName === undefined)?.content.toString('utf8') ?? '';
}

/** The texts of a repeated field such as `timestamp_granularities[]`. */
export function fieldTexts(parts: readonly FormPart[], name: string): string[] {
  return parts.filter((part) => part.name === name).map((part) => part.content.toString('utf8'));
}

function readPart(bytes: Buffer): FormPart | undefined {
  const gap = bytes.indexOf('\r\n\r\n');
  if (gap < 0) return undefined;
  const head = bytes.toString('utf8', 0, gap);
  const name = NAME.exec(head)?.[1];
  if (name === undefined) return undefined;
  const fileName = FILE_NAME.exec(head)?.[1];
  const type = /content-type:\s*([^\r\n]+)/i.exec(head)?.[1];
  return {
    name,
    ...(fileName === undefined ? {} : { fileName }),
    contentType: type ?? (fileName === undefined ? 'text/plain' : 'application/octet-stream'),
    content: bytes.subarray(gap + 4),
  };
}
