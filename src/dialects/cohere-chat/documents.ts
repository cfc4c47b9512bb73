import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { documentText } from '../neutral/document-text.ts';
import type { NeutralPart } from '../neutral/request.ts';
import { COHERE } from './wire.ts';

type DocumentPart = NeutralPart & { type: 'document' };

/** The fields of a document as lines, which is how other models can read it. */
function dataText(data: JsonValue | undefined): string {
  if (typeof data === 'string') return data;
  if (!isObject(data)) return '';
  const lines = Object.entries(data).map(([key, value]) => {
    return `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`;
  });
  return lines.join('\n');
}

/** A document of the request, or of a tool's result, as a part; `value` is a string or `{id, data}`. */
export function decodeDocument(value: JsonValue): DocumentPart {
  const data = isObject(value) ? (value['data'] ?? value) : value;
  const part: DocumentPart = {
    type: 'document',
    source: { kind: 'text', text: dataText(data) },
    origin: { dialect: COHERE, value: { document: value } },
  };
  const title = isObject(data) ? data['title'] : undefined;
  const id = isObject(value) ? value['id'] : undefined;
  const name = typeof title === 'string' ? title : id;
  if (typeof name === 'string') part.name = name;
  return part;
}

/** A document as the API takes it: the client's own as it was, another's text with its title. */
export function encodeDocument(part: DocumentPart): JsonValue {
  const own = part.origin?.dialect === COHERE ? part.origin.value['document'] : undefined;
  if (own !== undefined) return own;
  const data: JsonObject = { text: documentText(part, 'Cohere') };
  if (part.name !== undefined) data['title'] = part.name;
  if (part.context !== undefined) data['context'] = part.context;
  return { data };
}
