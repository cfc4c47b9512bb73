import type { JsonObject, JsonValue } from '../../json/types.ts';
import type { DialectName } from '../names.ts';
import type { NeutralSource } from './request.ts';
import type { Usage } from './usage.ts';

/**
 * Forms a vector may have on the wire: numbers, or base64 of 32-bit floats in little endian, or one of the
 * quantised forms (`binary` and `ubinary` pack eight dimensions into a number).
 */
export type EmbeddingEncoding = 'float' | 'base64' | 'int8' | 'uint8' | 'binary' | 'ubinary';

/** A request for vectors, whichever API it was written in. */
export interface NeutralEmbeddingsRequest {
  /** The model's name as the target wants it. */
  model: string;
  /** What to embed: one vector each, in this order. */
  inputs: NeutralEmbeddingInput[];
  /** Whether the client asked for a list of vectors, even a list of one. */
  batch: boolean;
  /** How many dimensions the vectors shall have; absent: the model's default. */
  dimensions?: number;
  /** What the vectors are for, in Google's words written in lower case with dashes, such as `retrieval-query`. */
  task?: string;
  /** Title of the documents, for models that know titles. */
  title?: string;
  /** Which end of a too long input is cut off; `none` makes it an error. */
  truncate?: 'none' | 'start' | 'end';
  /** The forms the client wants its vectors in; at least one. */
  encodings: EmbeddingEncoding[];
  /** A stable id of the end user, for the provider's abuse monitoring. */
  user?: string;
  /** Fields of the client's API that have no neutral meaning, by the dialect that wrote them. */
  extensions?: Partial<Record<DialectName, JsonObject>>;
}

/** One thing to embed. `task` and `title` override those of the request. */
export interface NeutralEmbeddingInput {
  content: NeutralEmbeddingPart[];
  task?: string;
  title?: string;
}

/** A piece of an input. */
export type NeutralEmbeddingPart =
  | { type: 'text'; text: string }
  /** Token ids of the target model's own tokenizer. */
  | { type: 'tokens'; tokens: number[] }
  | { type: 'image'; source: NeutralSource }
  /** Something only `dialect` understands. */
  | { type: 'opaque'; dialect: DialectName; value: JsonValue };

/** One vector in each form that is known. */
export type NeutralEmbedding = Partial<Record<EmbeddingEncoding, number[] | string>>;

/** The vectors of a request, in the order of its inputs. */
export interface NeutralEmbeddingsResponse {
  /** The provider's id; empty when it gave none. */
  id: string;
  /** The model that answered; empty when the provider does not say. */
  model: string;
  embeddings: NeutralEmbedding[];
  /** Absent when the provider reported none. */
  usage?: Usage;
  /** Response fields with no neutral meaning, by the dialect that wrote them. */
  extensions?: Partial<Record<DialectName, JsonObject>>;
}
