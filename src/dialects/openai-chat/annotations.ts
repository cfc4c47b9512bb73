import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import type { NeutralOrigin } from '../neutral/request.ts';

/**
 * The annotations of a text: OpenAI's own as they were, Anthropic's citations of web pages as
 * `url_citation` over the whole text. `start` is where the text begins in the joined content.
 */
export function annotationsOf(origin: NeutralOrigin | undefined, span: { start: number; length: number }): JsonValue[] {
  if (origin === undefined) return [];
  if (origin.dialect === 'openai-chat') {
    const own = origin.value['annotations'];
    return Array.isArray(own) ? own : [];
  }
  const citations = origin.value['citations'];
  if (origin.dialect !== 'anthropic' || !Array.isArray(citations)) return [];
  return citations.flatMap((citation) => {
    if (!isObject(citation) || typeof citation['url'] !== 'string') return [];
    const url: JsonObject = {
      url: citation['url'],
      title: typeof citation['title'] === 'string' ? citation['title'] : '',
      start_index: span.start,
      end_index: span.start + span.length,
    };
    return [{ type: 'url_citation', url_citation: url }];
  });
}
