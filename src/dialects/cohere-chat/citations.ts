import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { type NeutralCitation, webCitations } from '../neutral/citations.ts';
import { objectOf } from '../openai/fields.ts';

/** Reads citations (https://docs.cohere.com/docs/rag-citations): one for each source; a document names its page in `url`. */
export function readCitations(citations: readonly JsonValue[]): NeutralCitation[] {
  return citations.filter(isObject).flatMap((citation) => {
    const { start, end, sources } = citation;
    const span = typeof start === 'number' && typeof end === 'number' ? { start, end } : {};
    const listed = Array.isArray(sources) ? sources.filter(isObject) : [];
    return (listed.length === 0 ? [{}] : listed).map((source) => ({ ...readSource(source), ...span }));
  });
}

function readSource(source: JsonObject): NeutralCitation {
  const document = objectOf(source['document']) ?? objectOf(source['tool_output']) ?? {};
  const { url, title } = document;
  return {
    ...(typeof url === 'string' && url !== '' ? { url } : {}),
    ...(typeof title === 'string' ? { title } : {}),
  };
}

/** Writes the pages that another API cites for a text of `length`; `text` is the text as far as it is held. */
export function writeCitations(
  citations: readonly NeutralCitation[] | undefined,
  to: { contentIndex: number; length: number; text?: string },
): JsonObject[] {
  return webCitations(citations).map(({ url, title, quote, start = 0, end = to.length }) => ({
    start,
    end,
    text: to.text?.slice(start, end) ?? '',
    sources: [
      {
        type: 'document',
        id: url,
        document: {
          id: url,
          url,
          ...(title === undefined ? {} : { title }),
          ...(quote === undefined ? {} : { text: quote }),
        },
      },
    ],
    content_index: to.contentIndex,
    type: 'TEXT_CONTENT',
  }));
}
