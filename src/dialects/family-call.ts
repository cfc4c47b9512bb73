import type { JsonObject } from '../json/types.ts';
import type { DecodeContext, EncodeContext, ResponseContext } from './dialect.ts';
import type { FamilyClientDialect, FamilyDialect, FamilyProviderDialect, ProviderAnswer } from './family-dialects.ts';
import type { UsedUnits } from './neutral/units.ts';
import type { Usage } from './neutral/usage.ts';

/** One translated exchange of a family other than generation: what to send, and how the answers become one. */
export interface FamilyCall {
  /** The provider requests, at least one; they may be sent at once or one after the other. */
  readonly bodies: JsonObject[];
  /** Makes the client's answer of the provider's, which must come in the order of `bodies`. */
  finish(answers: readonly ProviderAnswer[], context: ResponseContext): FamilyResult;
}

/** The answer for the client, and what is metered of it. */
export interface FamilyResult {
  body: JsonObject;
  /** Undefined when the provider reported none, and for token counts, which cost nothing. */
  usage: Usage | undefined;
  /** What was used beside tokens. */
  units: UsedUnits | undefined;
  /** The model that answered; empty when the provider does not say. */
  model: string;
}

/** The client's request and what both sides may know of it. */
export interface FamilyCallInput {
  body: JsonObject;
  decode: DecodeContext;
  encode: EncodeContext;
  /** The model's name as the target wants it. */
  model: string;
}

/** Whether a request of `client` can be translated to `provider`: both have their side of one family. */
export function canTranslateFamily(client: FamilyDialect, provider: FamilyDialect): boolean {
  return (
    (client.embeddings?.client !== undefined && provider.embeddings?.provider !== undefined) ||
    (client.rerank?.client !== undefined && provider.rerank?.provider !== undefined) ||
    (client.tokenCount?.client !== undefined && provider.tokenCount?.provider !== undefined)
  );
}

/**
 * Translates a request of a family other than generation; undefined where `canTranslateFamily` is false.
 * Throws GatewayError where the request is wrong or cannot be expressed.
 */
export function translateFamily(
  client: FamilyDialect,
  provider: FamilyDialect,
  input: FamilyCallInput,
): FamilyCall | undefined {
  if (client.embeddings?.client !== undefined && provider.embeddings?.provider !== undefined) {
    return createCall(
      { client: client.embeddings.client, provider: provider.embeddings.provider },
      input,
      (response) => response,
    );
  }
  if (client.rerank?.client !== undefined && provider.rerank?.provider !== undefined) {
    return createCall(
      { client: client.rerank.client, provider: provider.rerank.provider },
      input,
      ({ searchUnits, ...response }) =>
        searchUnits === undefined ? response : { ...response, units: { searches: searchUnits } },
    );
  }
  if (client.tokenCount?.client !== undefined && provider.tokenCount?.provider !== undefined) {
    const sides = { client: client.tokenCount.client, provider: provider.tokenCount.provider };
    return createCall(sides, input, () => ({}));
  }
  return undefined;
}

/** What is metered of an answer. */
interface Metered {
  usage?: Usage;
  units?: UsedUnits;
  model?: string;
}

function createCall<Request extends { model: string }, Response>(
  sides: { client: FamilyClientDialect<Request, Response>; provider: FamilyProviderDialect<Request, Response> },
  input: FamilyCallInput,
  meter: (response: Response) => Metered,
): FamilyCall {
  const asked = sides.client.decodeRequest(input.body, input.decode);
  const request: Request = { ...asked, model: input.model };
  return {
    bodies: sides.provider.encodeRequests(request, input.encode),
    finish(answers, context) {
      const response = sides.provider.decodeResponses(answers, { request, warn: input.encode.warn });
      const { usage, units, model = '' } = meter(response);
      return { body: sides.client.encodeResponse(response, { ...context, request: asked }), usage, units, model };
    },
  };
}
