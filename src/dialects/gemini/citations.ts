import type { JsonObject } from '../../json/types.ts';
import { type NeutralCitation, webCitations } from '../neutral/citations.ts';
import type { NeutralPart } from '../neutral/request.ts';
import { camelKeys, objectField, objectsField, stringField } from './wire.ts';

/** What a grounding chunk may hold its source in (https://ai.google.dev/api/generate-content#GroundingChunk). */
const SOURCES = ['web', 'retrievedContext', 'maps'] as const;

/**
 * Reads what a candidate's fields say it is founded on: the sources of a search, and texts that it repeats. Their places
 * are counted in bytes of the whole answer, which a stream does not hold: they stand for the whole text.
 */
export function readCitations(extras: JsonObject): NeutralCitation[] {
  const grounding = camelKeys(objectField(extras, 'groundingMetadata') ?? {});
  const found = objectsField(grounding, 'groundingChunks').flatMap((chunk) => {
    const raw = camelKeys(chunk);
    const source = SOURCES.map((name) => objectField(raw, name)).find((value) => value !== undefined);
    return source === undefined ? [] : [citationOf(source)];
  });
  // Both of Google's platforms repeat themselves here under names of their own.
  const repeated = camelKeys(objectField(extras, 'citationMetadata') ?? {});
  for (const source of [...objectsField(repeated, 'citationSources'), ...objectsField(repeated, 'citations')]) {
    found.push(citationOf(source));
  }
  return found;
}

function citationOf(raw: JsonObject): NeutralCitation {
  const source = camelKeys(raw);
  const url = stringField(source, 'uri');
  const title = stringField(source, 'title');
  return {
    ...(url === undefined || url === '' ? {} : { url }),
    ...(title === undefined || title === '' ? {} : { title }),
  };
}

/** Puts the citations of a whole candidate beside its last text. */
export function attachCitations(content: readonly NeutralPart[], citations: NeutralCitation[]): void {
  if (citations.length === 0) return;
  const text = content.findLast((part) => part.type === 'text');
  if (text?.type === 'text') text.citations = citations;
}

/** Writes the pages that answers of other APIs cite as `groundingMetadata`; `undefined` for none. */
export function writeGrounding(citations: readonly NeutralCitation[] | undefined): JsonObject | undefined {
  const pages = webCitations(citations);
  if (pages.length === 0) return undefined;
  return { groundingChunks: pages.map(({ url, title }) => ({ web: { uri: url, title: title ?? url } })) };
}
