import { compileRegex } from '../routing/pattern.ts';
import type { ConfigPath, UnplacedIssue } from './issue.ts';

/** The conditions among which patterns may stand; those that are absent are none. */
export interface PatternConditions {
  readonly model?: unknown;
  readonly sent_model?: unknown;
  readonly paths?: readonly unknown[] | undefined;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: Readonly<Record<string, unknown>> | undefined;
  /** Those of limits are exact values, in which no pattern can stand. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** What went wrong, in words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The regular expressions of conditions that are none, each with the place where it stands. */
export function checkPatterns(match: PatternConditions, path: ConfigPath): UnplacedIssue[] {
  const conditions: { value: unknown; path: ConfigPath }[] = [
    ...(['model', 'sent_model'] as const).map((name) => ({ value: match[name], path: [...path, name] })),
    ...(match.paths ?? []).map((value, index) => ({ value, path: [...path, 'paths', index] })),
    ...(['headers', 'query', 'body', 'claims'] as const).flatMap((map) =>
      Object.entries(match[map] ?? {}).map(([name, value]) => ({ value, path: [...path, map, name] })),
    ),
  ];
  return conditions.flatMap(({ value, path: at }): UnplacedIssue[] => {
    if (typeof value !== 'object' || value === null || !('regex' in value)) return [];
    const pattern = String(value.regex);
    try {
      compileRegex(pattern);
      return [];
    } catch (error) {
      const message = `${JSON.stringify(pattern)} is not a regular expression: ${reasonOf(error)}`;
      const fix = 'write RE2 syntax, which has no look-around';
      return [{ path: [...at, 'regex'], severity: 'error', message, fix }];
    }
  });
}
