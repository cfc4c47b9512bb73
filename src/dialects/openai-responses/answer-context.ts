import type { ResponseContext } from '../dialect.ts';
import type { NeutralRequest } from '../neutral/request.ts';

/** A response context that may also hold the request: answers of this API repeat its settings. */
export type AnswerContext = ResponseContext & { readonly request?: NeutralRequest | undefined };
