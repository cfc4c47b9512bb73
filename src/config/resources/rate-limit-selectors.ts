import type { VirtualRouteInput } from './config-input.ts';
import { MODEL_HEADER } from './model-header.ts';
import type { SelectCondition } from './schema-rate-limit.ts';

/** One entry of a `rate_limit`. */
export type RateLimitInput = NonNullable<VirtualRouteInput['rate_limit']>[number];
/** Which requests a limit counts. */
export type LimitMatchInput = NonNullable<RateLimitInput['match']>;
/** The same without exceptions. */
export type LimitConditions = NonNullable<LimitMatchInput['except']>[number];
type Dimension = Exclude<NonNullable<RateLimitInput['by']>, readonly unknown[]>;

/** What authentication puts into a header: a limit reads it where it comes from, since clients can write headers. */
export type HeaderIdentity = { kind: 'key' } | { kind: 'user' } | { kind: 'claim'; claim: string };
/** Identities by header, lower case. */
export type IdentityHeaders = ReadonlyMap<string, HeaderIdentity>;

/** The selectors of one rule in the model's words. */
export interface Selection {
  conditions: LimitConditions;
  except: LimitConditions[];
  by: Dimension[];
  /** Why the selectors cannot be held to; undefined: they can. */
  fault: string | undefined;
}

type HeaderSelector = NonNullable<SelectCondition['headers']>[number];

/** The condition that a header has a value; undefined when it cannot be put so. */
function headerCondition(header: HeaderSelector, identities: IdentityHeaders): LimitConditions | undefined {
  const name = header.name.toLowerCase();
  const { value = '', type = 'Exact' } = header;
  const identity = identities.get(name);
  if (name === MODEL_HEADER) {
    if (type !== 'Exact') return { model: { regex: value } };
    // A star in plain text would stand for anything.
    return { model: value.includes('*') ? { exact: value } : value };
  }
  if (identity === undefined) return { headers: { [name]: type === 'Exact' ? { exact: value } : { regex: value } } };
  if (type !== 'Exact') return undefined;
  switch (identity.kind) {
    case 'key':
      return { keys: [value] };
    case 'user':
      return { users: [value] };
    case 'claim':
      return { claims: { [identity.claim]: value } };
    default:
      return identity satisfies never;
  }
}

function dimensionOf(header: string, identities: IdentityHeaders): Dimension {
  const name = header.toLowerCase();
  if (name === MODEL_HEADER) return 'model';
  const identity = identities.get(name);
  if (identity === undefined) return { header: name };
  return identity.kind === 'claim' ? { claim: identity.claim } : identity.kind;
}

/** Adds what a part says; false when another part says something of the same. */
function join(conditions: LimitConditions, part: LimitConditions): boolean {
  for (const [field, value] of Object.entries(part) as [keyof LimitConditions, unknown][]) {
    const known = conditions[field];
    if (known === undefined) Object.assign(conditions, { [field]: value });
    else if (field !== 'headers' && field !== 'claims') return false;
    else {
      const merged = known as Record<string, unknown>;
      for (const [name, one] of Object.entries(value as Record<string, unknown>)) {
        if (Object.hasOwn(merged, name)) return false;
        merged[name] = one;
      }
    }
  }
  return true;
}

/** Methods that clients of the model can name. */
const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'];
type Method = NonNullable<LimitConditions['methods']>[number];

function pathCondition({ type = 'PathPrefix', value }: NonNullable<SelectCondition['path']>): LimitConditions {
  if (type === 'Exact') return { paths: [{ exact: value }] };
  if (type === 'RegularExpression') return { paths: [{ regex: value }] };
  // A prefix of whole segments, as in the Gateway API.
  const prefix = value.replace(/\/+$/, '');
  return prefix === '' ? {} : { paths: [{ exact: prefix }, { prefix: `${prefix}/` }] };
}

/** What the selectors of one rule come to; all of them must hold. */
export function translateSelectors(selectors: readonly SelectCondition[], identities: IdentityHeaders): Selection {
  const selection: Selection = { conditions: {}, except: [], by: [], fault: undefined };
  const fail = (fault: string): void => {
    selection.fault ??= fault;
  };
  const add = (part: LimitConditions | undefined, inverted: boolean | undefined, what: string): void => {
    if (part === undefined) fail(`a condition of this kind on ${what} is not supported`);
    else if (inverted === true) selection.except.push(part);
    else if (!join(selection.conditions, part)) fail(`there are two conditions on ${what}`);
  };
  for (const selector of selectors) {
    for (const header of selector.headers ?? []) {
      if (header.type === 'Distinct') selection.by.push(dimensionOf(header.name, identities));
      else add(headerCondition(header, identities), header.invert, `the header ${header.name}`);
    }
    const methods = selector.methods ?? [];
    const [first] = methods;
    if (first !== undefined) {
      const known = methods.flatMap(({ value }) => (METHODS.includes(value) ? [value as Method] : []));
      const inverted = methods.filter(({ invert }) => invert === true).length;
      const usable = known.length === methods.length && (inverted === 0 || methods.length === 1);
      add(usable ? { methods: known } : undefined, inverted > 0, 'the method');
    }
    if (selector.path !== undefined) add(pathCondition(selector.path), selector.path.invert, 'the path');
    const source = selector.sourceCIDR;
    if (source !== undefined) {
      if (source.type === 'Distinct') selection.by.push('ip');
      add({ ips: [source.value] }, source.invert, 'the address');
    }
    if (selector.queryParams !== undefined) fail('conditions on query parameters are not supported');
  }
  return selection;
}

/** The requests that a selection takes, as an exception of another limit; undefined where that cannot be put so. */
export function asException({ conditions, except, by }: Selection): LimitConditions | undefined {
  if (except.length > 0) return undefined;
  const exception: LimitConditions = { ...conditions };
  for (const dimension of by) {
    if (typeof dimension === 'string') continue;
    // A token may lack the claim.
    if ('claim' in dimension) return undefined;
    exception.headers = { [dimension.header]: { present: true }, ...exception.headers };
  }
  return exception;
}

/** A limit's match and dimensions; fields that say nothing are left out. */
export function toMatch(selection: Selection, more: LimitConditions = {}): Pick<RateLimitInput, 'match' | 'by'> {
  const conditions = { ...more, ...selection.conditions };
  const match: LimitMatchInput =
    selection.except.length === 0 ? conditions : { ...conditions, except: selection.except };
  const [first, ...others] = selection.by;
  return {
    ...(first === undefined ? {} : { by: others.length === 0 ? first : selection.by }),
    ...(Object.keys(match).length === 0 ? {} : { match }),
  };
}
