import type { JsonObject, JsonValue } from '../../json/types.ts';
import { type NeutralCitation, webCitations } from '../neutral/citations.ts';
import { asObject, asString, objectsOf } from './wire.ts';

/** Reads `citations` (API_runtime_Citation). */
export function readCitations(citations: JsonValue | undefined): NeutralCitation[] {
  return objectsOf(citations).map((citation) => {
    const url = asString(asObject(asObject(citation['location'])?.['web'])?.['url']);
    const title = asString(citation['title']);
    const quote = objectsOf(citation['sourceContent'])
      .map((content) => asString(content['text']) ?? '')
      .join('');
    return {
      ...(url === undefined ? {} : { url }),
      ...(title === undefined ? {} : { title }),
      ...(quote === '' ? {} : { quote }),
    };
  });
}

/** Writes the citations of web pages that another API made; Converse cites for a text as a whole. */
export function writeCitations(citations: readonly NeutralCitation[] | undefined): JsonObject[] {
  return webCitations(citations).map(({ url, title, quote }) => ({
    location: { web: { url } },
    ...(title === undefined ? {} : { title }),
    ...(quote === undefined ? {} : { sourceContent: [{ text: quote }] }),
  }));
}
