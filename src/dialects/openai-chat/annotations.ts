import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { type NeutralCitation, webCitations } from '../neutral/citations.ts';
import type { NeutralOrigin } from '../neutral/request.ts';

/** What stands beside a text: its own API's object, or what was read of another's. */
interface Cited {
  origin?: NeutralOrigin;
  citations?: NeutralCitation[];
}

/**
 * The annotations of a text: OpenAI's own as they were, web pages that another API cites as `url_citation`. `start` is
 * where the text begins in the joined content.
 */
export function annotationsOf(text: Cited, span: { start: number; length: number }): JsonValue[] {
  if (text.origin?.dialect === 'openai-chat') {
    const own = text.origin.value['annotations'];
    return Array.isArray(own) ? own : [];
  }
  return webCitations(text.citations).map(({ url, title, start, end }) => {
    const citation: JsonObject = {
      url,
      title: title ?? '',
      start_index: span.start + (start ?? 0),
      end_index: span.start + (end ?? span.length),
    };
    return { type: 'url_citation', url_citation: citation };
  });
}

/** Reads annotations of this API; those of files name no page. */
export function readAnnotations(annotations: readonly JsonValue[]): NeutralCitation[] {
  return annotations.filter(isObject).map((annotation) => {
    const type = annotation['type'];
    const inner = typeof type === 'string' ? annotation[type] : undefined;
    return readAnnotation(isObject(inner) ? inner : {});
  });
}

/** Reads the fields of one annotation, which both of OpenAI's APIs call by the same names. */
export function readAnnotation(fields: JsonObject): NeutralCitation {
  const { url, title, filename, start_index: start, end_index: end } = fields;
  const citation: NeutralCitation = {};
  if (typeof url === 'string' && url !== '') citation.url = url;
  if (typeof title === 'string' && title !== '') citation.title = title;
  else if (typeof filename === 'string') citation.title = filename;
  if (typeof start === 'number' && typeof end === 'number') {
    citation.start = start;
    citation.end = end;
  }
  return citation;
}
