import type { JsonObject } from '../../json/types.ts';
import type { DialectName } from '../names.ts';
import type { NeutralOrigin } from './request.ts';
import type { Usage } from './usage.ts';

/** A request to order documents by how well they answer a query. */
export interface NeutralRerankRequest {
  /** The model's name as the target wants it. */
  model: string;
  query: string;
  documents: NeutralRerankDocument[];
  /** How many of the best to return; absent: all. */
  topCount?: number;
  /** The most tokens of each document that are read; the rest is cut off. */
  maxTokensPerDocument?: number;
  /** Whether results carry their documents. */
  returnDocuments?: boolean;
  /** Fields of the client's API that have no neutral meaning, by the dialect that wrote them. */
  extensions?: Partial<Record<DialectName, JsonObject>>;
}

/** A document: its text, and the object it came as where it was one. */
export interface NeutralRerankDocument {
  text: string;
  origin?: NeutralOrigin;
}

/** One document's place in the order. */
export interface NeutralRerankResult {
  /** Index in the request's documents. */
  index: number;
  /** From 0 to 1, higher is better. */
  score: number;
}

/** Documents ordered by relevance, best first. */
export interface NeutralRerankResponse {
  /** The provider's id; empty when it gave none. */
  id: string;
  /** The model that answered; empty when the provider does not say. */
  model: string;
  results: NeutralRerankResult[];
  /** Absent when the provider counts no tokens. */
  usage?: Usage;
  /** What Cohere bills: a query with up to 100 documents is one unit. */
  searchUnits?: number;
  /** Response fields with no neutral meaning, by the dialect that wrote them. */
  extensions?: Partial<Record<DialectName, JsonObject>>;
}
