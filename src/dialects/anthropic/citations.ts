import { isObject, type JsonValue } from '../../json/types.ts';
import type { NeutralCitation } from '../neutral/citations.ts';

/** Reads `citations` of a text (https://platform.claude.com/docs/en/build-with-claude/citations). */
export function readCitations(list: readonly JsonValue[]): NeutralCitation[] {
  return list.filter(isObject).map(({ url, source, title, document_title: documentTitle, cited_text: quote }) => {
    const citation: NeutralCitation = {};
    if (typeof url === 'string') citation.url = url;
    // A search result names its source as the client wrote it.
    else if (typeof source === 'string' && /^https?:/.test(source)) citation.url = source;
    if (typeof title === 'string') citation.title = title;
    else if (typeof documentTitle === 'string') citation.title = documentTitle;
    if (typeof quote === 'string') citation.quote = quote;
    return citation;
  });
}
