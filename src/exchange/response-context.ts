import type { ProviderResponseContext, ResponseContext } from '../dialects/dialect.ts';
import type { ResponseHeaders } from './headers.ts';
import { targetModel, warnOn } from './provider-request.ts';
import type { Attempt, ExchangeState } from './state.ts';

function newId(state: ExchangeState): (prefix: string) => string {
  return (prefix) => prefix + state.runtime.uuid().replaceAll('-', '');
}

/** What a provider's dialect may know when it reads an answer. */
export function providerContext(attempt: Attempt, headers: ResponseHeaders): ProviderResponseContext {
  return {
    header: (name) => headers.get(name),
    requestModel: targetModel(attempt.state, attempt.target),
    newId: newId(attempt.state),
  };
}

/** What the client's dialect may know when it writes an answer. */
export function responseContext(attempt: Attempt): ResponseContext {
  const { state } = attempt;
  return {
    warn: warnOn(attempt),
    requestModel: state.model ?? '',
    created: Math.floor(state.startedAt / 1000),
    newId: newId(state),
    providerDialect: attempt.chosen.dialect.name,
    request: state.neutral,
    // As the reference system does: clients that did not ask can skip a chunk, those that meter would miss it.
    includeUsage: true,
  };
}
