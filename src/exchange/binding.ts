import { canTranslateFamily } from '../dialects/family-call.ts';
import type { FamilyDialect } from '../dialects/family-dialects.ts';
import { DIALECT_NAMES, type DialectName } from '../dialects/names.ts';
import { dialect } from '../dialects/registry.ts';
import { PROVIDER_NAMES, type ProviderDescriptor, type ProviderName } from '../providers/provider.ts';
import { providerDescriptor } from '../providers/registry.ts';
import type { Target } from '../snapshot/snapshot.ts';
import type { ChosenBinding } from './chosen-binding.ts';
import type { ExchangeState } from './state.ts';

/** Whether requests of one API can be made requests of another. */
function canTranslate(client: FamilyDialect, provider: FamilyDialect): boolean {
  if (client.family !== provider.family) return false;
  if (client.client !== undefined && provider.provider !== undefined) return true;
  return canTranslateFamily(client, provider);
}

/** What there is for requests of one API at one kind of provider. */
interface Bindings {
  /** The provider's own form of that API. */
  readonly own: ChosenBinding | undefined;
  /** Its preferred one of those that the API can be translated to. */
  readonly translated: ChosenBinding | undefined;
}

function bindingsOf(client: FamilyDialect, { dialects: offered }: ProviderDescriptor): Bindings {
  const own = offered[client.name];
  if (own !== undefined) return { own: { dialect: client, binding: own, sameDialect: true }, translated: undefined };
  for (const name in offered) {
    const candidate = dialect(name as DialectName);
    const binding = offered[name as DialectName];
    if (binding !== undefined && binding.sameDialectOnly !== true && canTranslate(client, candidate)) {
      return { own, translated: { dialect: candidate, binding, sameDialect: false } };
    }
  }
  return { own, translated: undefined };
}

/** By API, then by provider: every request asks several times, and the answer never changes. */
const BINDINGS: ReadonlyMap<FamilyDialect, ReadonlyMap<ProviderName, Bindings>> = new Map(
  DIALECT_NAMES.map(dialect).map((client) => [
    client,
    new Map(PROVIDER_NAMES.map((name) => [name, bindingsOf(client, providerDescriptor(name))])),
  ]),
);

/**
 * The client's own API where the provider has it, else the provider's preferred one of the same family
 * that both sides can be translated to; undefined when there is none.
 */
export function chooseBinding(state: ExchangeState, target: Target): ChosenBinding | undefined {
  return bindingAt(state, target.cluster.provider);
}

function bindingAt(state: ExchangeState, provider: ProviderDescriptor): ChosenBinding | undefined {
  if (state.dialect === undefined) return undefined;
  const bindings = BINDINGS.get(state.dialect)?.get(provider.name);
  if (bindings?.own !== undefined) return bindings.own;
  const source = state.endpoint?.model;
  return source === 'form' || source === 'none' ? undefined : bindings?.translated;
}

/** Whether a provider of this kind can serve the request's operation at all. */
export function provides(state: ExchangeState, provider: ProviderDescriptor): boolean {
  return bindingAt(state, provider) !== undefined;
}

/** Whether a target can serve the request's operation at all. */
export function canServe(state: ExchangeState, target: Target): boolean {
  return chooseBinding(state, target) !== undefined;
}
