/** What a text is founded on. */
export interface NeutralCitation {
  /** A page on the web; absent for a document of the request, or a tool's result. */
  url?: string;
  title?: string;
  /** The cited words of the source. */
  quote?: string;
  /** Where in the part's text the claim stands, in UTF-16 units; absent: the whole text. */
  start?: number;
  end?: number;
}

/** A citation of a web page. */
export type WebCitation = NeutralCitation & { url: string };

/** The citations that name a web page, which every API with citations can show. */
export function webCitations(citations: readonly NeutralCitation[] | undefined): WebCitation[] {
  return (citations ?? []).filter((citation): citation is WebCitation => citation.url !== undefined);
}
