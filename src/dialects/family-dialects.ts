import type { JsonObject } from '../json/types.ts';
import type { DecodeContext, Dialect, EncodeContext, ResponseContext } from './dialect.ts';
import type { NeutralEmbeddingsRequest, NeutralEmbeddingsResponse } from './neutral/embeddings.ts';
import type { NeutralRerankRequest, NeutralRerankResponse } from './neutral/rerank.ts';
import type { NeutralTokenCountRequest, NeutralTokenCountResponse } from './neutral/token-count.ts';

/** A provider's answer to one of a call's requests. */
export interface ProviderAnswer {
  body: JsonObject;
  /** Response header by lower-case name; `undefined` when absent. */
  header(name: string): string | undefined;
}

/** What the reader of answers may know beside them. */
export interface FamilyAnswerContext<Request> {
  /** The neutral request that was encoded. */
  request: Request;
  /** Names a loss that only the answer tells of. One short ASCII sentence without line breaks. */
  warn(warning: string): void;
}

/** What the writer of an answer may know beside it. */
export interface FamilyResponseContext<Request> extends Omit<ResponseContext, 'request'> {
  /** The neutral request as the client wrote it. */
  request: Request;
}

/** The side of a family that faces applications. All functions are pure. */
export interface FamilyClientDialect<Request, Response> {
  /** Reads a request body. Throws GatewayError `invalid_request` with `param` where a field is wrong. */
  decodeRequest(body: JsonObject, context: DecodeContext): Request;
  /** Writes a whole answer. */
  encodeResponse(response: Response, context: FamilyResponseContext<Request>): JsonObject;
}

/** The side of a family that faces providers. All functions are pure. */
export interface FamilyProviderDialect<Request, Response> {
  /** Writes the request bodies, at least one: some APIs take less in one request than others. They may be sent at once. */
  encodeRequests(request: Request, context: EncodeContext): JsonObject[];
  /** Joins the answers, which come in the order of the requests. Throws GatewayError `provider_bad_response`. */
  decodeResponses(answers: readonly ProviderAnswer[], context: FamilyAnswerContext<Request>): Response;
}

/** Embeddings as applications ask for them. */
export type EmbeddingsClientDialect = FamilyClientDialect<NeutralEmbeddingsRequest, NeutralEmbeddingsResponse>;
/** Embeddings as providers make them. */
export type EmbeddingsProviderDialect = FamilyProviderDialect<NeutralEmbeddingsRequest, NeutralEmbeddingsResponse>;
/** Rerank as applications ask for it. */
export type RerankClientDialect = FamilyClientDialect<NeutralRerankRequest, NeutralRerankResponse>;
/** Rerank as providers do it. */
export type RerankProviderDialect = FamilyProviderDialect<NeutralRerankRequest, NeutralRerankResponse>;
/** Token counting as applications ask for it. */
export type TokenCountClientDialect = FamilyClientDialect<NeutralTokenCountRequest, NeutralTokenCountResponse>;
/** Token counting as providers do it. */
export type TokenCountProviderDialect = FamilyProviderDialect<NeutralTokenCountRequest, NeutralTokenCountResponse>;

/** The sides of one family that an API has. */
export interface FamilySides<Client, Provider> {
  readonly client?: Client;
  readonly provider?: Provider;
}

/** A dialect with the sides of a family other than generation. */
export interface FamilyDialect extends Dialect {
  readonly embeddings?: FamilySides<EmbeddingsClientDialect, EmbeddingsProviderDialect>;
  readonly rerank?: FamilySides<RerankClientDialect, RerankProviderDialect>;
  readonly tokenCount?: FamilySides<TokenCountClientDialect, TokenCountProviderDialect>;
}
