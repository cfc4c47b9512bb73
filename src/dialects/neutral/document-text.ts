import { GatewayError } from '../../errors/gateway-error.ts';
import { base64ToText } from './base64.ts';
import type { NeutralPart } from './request.ts';

type DocumentPart = NeutralPart & { type: 'document' };

/** The text of a document, for APIs that take no other form; `title` names the API. Throws `unsupported_parameter` where it is none. */
export function documentText({ source }: DocumentPart, title: string): string {
  if (source.kind === 'text') return source.text;
  const isText = source.kind === 'base64' && source.mediaType.startsWith('text/');
  const text = isText ? base64ToText(source.data) : undefined;
  if (text !== undefined) return text;
  throw new GatewayError(
    'unsupported_parameter',
    `${title} takes documents as text only; send the text of the document.`,
    { param: 'messages' },
  );
}

/** The same with the document's name and what is said of it in lines before, for APIs that know no documents. */
export function labelledDocumentText(part: DocumentPart, title: string): string {
  return [part.name, part.context, documentText(part, title)].filter((line) => line).join('\n');
}
