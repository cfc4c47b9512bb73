import type { JsonValue } from '../json/types.ts';
import { compileGlob, compileRegex, type Matcher } from '../routing/pattern.ts';
import type { RouteMatchConfig } from './config-types.ts';

type BodyMatchConfig = NonNullable<RouteMatchConfig['body']>[string];
type ClaimMatchConfig = NonNullable<RouteMatchConfig['claims']>[string];
type ModelMatchConfig = NonNullable<RouteMatchConfig['model']>;
type PathMatchConfig = NonNullable<RouteMatchConfig['paths']>[number];

/** Any form in which a condition on one value is written; each condition of the model has some of them. */
export type ValueMatchConfig = BodyMatchConfig | ClaimMatchConfig | ModelMatchConfig | PathMatchConfig;

/** Longest text of a request that a pattern on the linear-time engine is tried on: about 5 ms. */
const MAX_SLOW_TEXT = 64 * 1024;

/** A compiled condition on one value. */
export interface ValueTest {
  /** Such as `is "gold"`, to follow the value's name. */
  readonly words: string;
  /** The only value, or the only beginning of a value, that can hold. */
  readonly key: { kind: 'exact' | 'prefix'; value: string } | undefined;
  /** Takes undefined for a value that is not there. Throws Error when a text is too long for its pattern. */
  holds(value: JsonValue | undefined): boolean;
}

function onText(words: string, matcher: Matcher, key?: ValueTest['key']): ValueTest {
  return { words, key, holds: (value) => typeof value === 'string' && matcher(value) };
}

function equalTo(wanted: string | number | boolean | null): ValueTest {
  const key = typeof wanted === 'string' ? ({ kind: 'exact', value: wanted } as const) : undefined;
  return { words: `is ${JSON.stringify(wanted)}`, key, holds: (value) => value === wanted };
}

function containing(wanted: string): ValueTest {
  const holds = (value: JsonValue | undefined) =>
    Array.isArray(value) ? value.includes(wanted) : typeof value === 'string' && value.split(' ').includes(wanted);
  return { words: `contains ${JSON.stringify(wanted)}`, key: undefined, holds };
}

/** Compiles a glob. One without a star, or with its only star at the end, is a comparison that can be looked up. */
export function compileGlobTest(glob: string): ValueTest {
  if (!glob.includes('*')) return equalTo(glob);
  const prefix = glob.slice(0, -1);
  const key = glob.indexOf('*') === glob.length - 1 ? ({ kind: 'prefix', value: prefix } as const) : undefined;
  return onText(`looks like ${JSON.stringify(glob)}`, compileGlob(glob), key);
}

/** Compiles a condition on one value; plain text is an exact value. Throws Error for a pattern that is not RE2 syntax. */
export function compileValueMatch(match: ValueMatchConfig): ValueTest {
  if (typeof match !== 'object' || match === null) return equalTo(match);
  if ('exact' in match) return equalTo(match.exact);
  if ('prefix' in match) {
    const { prefix } = match;
    const key = { kind: 'prefix', value: prefix } as const;
    return onText(`begins with ${JSON.stringify(prefix)}`, (text) => text.startsWith(prefix), key);
  }
  if ('regex' in match) {
    return onText(`matches /${match.regex}/`, compileRegex(match.regex, { maxSlowText: MAX_SLOW_TEXT }));
  }
  if ('glob' in match) return compileGlobTest(match.glob);
  if ('contains' in match) return containing(match.contains);
  const { present } = match;
  return {
    words: present ? 'is there' : 'is not there',
    key: undefined,
    holds: (value) => (value !== undefined) === present,
  };
}
