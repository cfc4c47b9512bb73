import { RE2JS } from 're2js';

/** Whether a text matches. */
export type Matcher = (text: string) => boolean;

const META = /[\\^$.|?*+()[\]{}]/;
/** Constructs that RE2 does not know or means otherwise: white space is ASCII only there. */
const NOT_LINEAR = /\\[1-9ksSpPC]|\(\?/;

/** How far the linear-time engine may go over a text that a request chose. */
export interface PatternOptions {
  /** Longest text, in UTF-16 code units, that the linear-time engine takes; the matcher throws Error for a longer one. */
  maxSlowText?: number;
}

const ANY = /^\.\*$/;
const PREFIX = /^([^\\^$.|?*+()[\]{}]*)\.\*$/;

/**
 * Whether V8's backtracking engine needs time linear in the text for this pattern, once it is anchored at both ends, and
 * means the same by it: one quantifier at most, or one group; with both, or with more, choices multiply.
 */
function isLinear(pattern: string): boolean {
  if (NOT_LINEAR.test(pattern)) return false;
  const unescaped = pattern.replace(/\\./g, 'x').replace(/\[[^\]]*\]/g, 'x');
  const quantifiers = unescaped.match(/[*+?{]/g)?.length ?? 0;
  const groups = unescaped.match(/\(/g)?.length ?? 0;
  return quantifiers + groups <= 1;
}

function bounded(test: Matcher, { maxSlowText }: PatternOptions): Matcher {
  if (maxSlowText === undefined) return test;
  return (text) => {
    if (text.length > maxSlowText) {
      throw new Error(`the text has ${text.length} characters, more than the ${maxSlowText} this pattern is tried on`);
    }
    return test(text);
  };
}

function compileDotAll(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.DOTALL);
  } catch {
    // Fails again, without the flag in the message.
    return RE2JS.compile(pattern);
  }
}

/**
 * Compiles an RE2 pattern that must match the whole text, as Envoy's `safe_regex` does; `.` matches line breaks too.
 * Matching takes time linear in the text: common shapes become plain comparisons, patterns proven harmless run on
 * V8's engine, the rest on a linear-time engine of about 10 us for a KB.
 *
 * Throws Error with a readable message when the pattern is not RE2 syntax.
 */
export function compileRegex(pattern: string, options: PatternOptions = {}): Matcher {
  if (ANY.test(pattern)) return () => true;
  if (!META.test(pattern)) return (text) => text === pattern;
  const prefix = PREFIX.exec(pattern)?.[1];
  if (prefix !== undefined) return (text) => text.startsWith(prefix);
  // Compiled in every case: only RE2 syntax is accepted, so that a pattern means the same in Envoy.
  const compiled = compileDotAll(pattern);
  if (isLinear(pattern)) {
    try {
      const native = new RegExp(`^(?:${pattern})$`, 'su');
      return (text) => native.test(text);
    } catch {
      // Valid in RE2 but not in JavaScript's syntax: the linear engine takes it.
    }
  }
  return bounded((text) => compiled.testExact(text), options);
}

const STARTS = /^\^([^\\^$.|?*+()[\]{}]*)$/;
const ENDS = /^([^\\^$.|?*+()[\]{}]*)\$$/;

/**
 * Compiles an RE2 pattern that may match anywhere in the text, as CEL's `matches` does; `.` matches no line feed.
 * Linear in the text like `compileRegex`. Throws Error when the pattern is not RE2 syntax.
 */
export function compileSearch(pattern: string, options: PatternOptions = {}): Matcher {
  if (!META.test(pattern)) return (text) => text.includes(pattern);
  const start = STARTS.exec(pattern)?.[1];
  if (start !== undefined) return (text) => text.startsWith(start);
  const end = ENDS.exec(pattern)?.[1];
  if (end !== undefined) return (text) => text.endsWith(end);
  const compiled = RE2JS.compile(pattern);
  return bounded((text) => compiled.test(text), options);
}

/** Compiles a glob in which `*` stands for any text, also none. */
export function compileGlob(glob: string): Matcher {
  const parts = glob.split('*');
  const first = parts[0] ?? '';
  const last = parts[parts.length - 1] ?? '';
  if (parts.length === 1) return (text) => text === glob;
  if (parts.length === 2) {
    return (text) => text.length >= first.length + last.length && text.startsWith(first) && text.endsWith(last);
  }
  const middle = parts.slice(1, -1).filter((part) => part !== '');
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  };
}
