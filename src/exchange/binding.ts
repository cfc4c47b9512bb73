import { canTranslateFamily } from '../dialects/family-call.ts';
import type { FamilyDialect } from '../dialects/family-dialects.ts';
import type { DialectName } from '../dialects/names.ts';
import { dialect } from '../dialects/registry.ts';
import type { ProviderDescriptor } from '../providers/provider.ts';
import type { Target } from '../snapshot/snapshot.ts';
import type { ChosenBinding } from './chosen-binding.ts';
import type { ExchangeState } from './state.ts';

/** Whether requests of one API can be made requests of another. */
function canTranslate(client: FamilyDialect, provider: FamilyDialect): boolean {
  if (client.family !== provider.family) return false;
  if (client.client !== undefined && provider.provider !== undefined) return true;
  return canTranslateFamily(client, provider);
}

/**
 * The client's own API where the provider has it, else the provider's preferred one of the same family
 * that both sides can be translated to; undefined when there is none.
 */
export function chooseBinding(state: ExchangeState, target: Target): ChosenBinding | undefined {
  return bindingAt(state, target.cluster.provider);
}

function bindingAt(state: ExchangeState, { dialects: offered }: ProviderDescriptor): ChosenBinding | undefined {
  const client = state.dialect;
  if (client === undefined) return undefined;
  const own = offered[client.name];
  if (own !== undefined) return { dialect: client, binding: own, sameDialect: true };
  if (state.endpoint?.model === 'form' || state.endpoint?.model === 'none') return undefined;
  for (const name in offered) {
    const candidate = dialect(name as DialectName);
    const binding = offered[name as DialectName];
    if (binding !== undefined && binding.sameDialectOnly !== true && canTranslate(client, candidate)) {
      return { dialect: candidate, binding, sameDialect: false };
    }
  }
  return undefined;
}

/** Whether a provider of this kind can serve the request's operation at all. */
export function provides(state: ExchangeState, provider: ProviderDescriptor): boolean {
  return bindingAt(state, provider) !== undefined;
}

/** Whether a target can serve the request's operation at all. */
export function canServe(state: ExchangeState, target: Target): boolean {
  return chooseBinding(state, target) !== undefined;
}
