import { parsePointer } from '../json/pointer.ts';
import type { RouteExpressionCompiler } from '../routing/route-expression.ts';
import { checkPatterns, reasonOf } from './check-patterns.ts';
import type { ConfigPath, UnplacedIssue } from './issue.ts';
import type { RouteMatchConfig, VirtualRouteConfig, VirtualServiceConfig } from './model.ts';

/** What the conditions of a service are checked against. */
export interface MatchContext {
  readonly service: VirtualServiceConfig;
  readonly compileExpression: RouteExpressionCompiler;
}

/** Each match of a route and where it stands. */
function matchesOf(route: VirtualRouteConfig, base: ConfigPath): { match: RouteMatchConfig; path: ConfigPath }[] {
  const path = [...base, 'match'];
  if (!Array.isArray(route.match)) return [{ match: route.match, path }];
  return route.match.map((match, index) => ({ match, path: [...path, index] }));
}

/**
 * Patterns, pointers, bounds and expressions of a route's matches can be compiled, and conditions can hold. They are
 * compiled here once more than needed, to show where a wrong one stands.
 */
export function checkMatches(route: VirtualRouteConfig, base: ConfigPath, context: MatchContext): UnplacedIssue[] {
  return matchesOf(route, base).flatMap(({ match, path }) => [
    ...checkPatterns(match, path),
    ...checkPointers(match, path),
    ...checkHosts(match, path),
    ...checkPromptTokens(match, path),
    ...checkPrincipal(match, path, context.service),
    ...checkExpression(match, path, context.compileExpression),
  ]);
}

function checkPointers(match: RouteMatchConfig, path: ConfigPath): UnplacedIssue[] {
  const pointers = [
    ...Object.keys(match.body ?? {}).map((name) => ({ name, path: [...path, 'body', name] })),
    ...Object.keys(match.claims ?? {})
      .filter((name) => name.startsWith('/'))
      .map((name) => ({ name, path: [...path, 'claims', name] })),
  ];
  return pointers.flatMap(({ name, path: at }): UnplacedIssue[] => {
    try {
      if (parsePointer(name).length > 0) return [];
      throw new Error('it stands for the whole body');
    } catch (error) {
      const message = `${JSON.stringify(name)} names no field: ${reasonOf(error)}`;
      return [{ path: at, part: 'key', severity: 'error', message, fix: 'write one such as /metadata/tier' }];
    }
  });
}

function checkHosts(match: RouteMatchConfig, path: ConfigPath): UnplacedIssue[] {
  return (match.hosts ?? []).flatMap((host, index): UnplacedIssue[] => {
    if (!/[/:]/.test(host)) return [];
    const message = `"${host}" is not a host name`;
    const fix = 'write the name alone, without scheme, port and path';
    return [{ path: [...path, 'hosts', index], severity: 'error', message, fix }];
  });
}

function checkPromptTokens({ prompt_tokens }: RouteMatchConfig, path: ConfigPath): UnplacedIssue[] {
  if (prompt_tokens === undefined) return [];
  const { min, max } = prompt_tokens;
  const at = [...path, 'prompt_tokens'];
  if (min === undefined && max === undefined) {
    return [{ path: at, severity: 'error', message: 'is empty', fix: 'write `min`, `max` or both' }];
  }
  if (min === undefined || max === undefined || min <= max) return [];
  const message = `no number is at least ${min} and at most ${max}`;
  return [{ path: at, severity: 'error', message, fix: 'exchange the two' }];
}

const PRINCIPAL = ['keys', 'users', 'teams', 'organizations'] as const;

function checkPrincipal(match: RouteMatchConfig, path: ConfigPath, service: VirtualServiceConfig): UnplacedIssue[] {
  if (service.auth_filter !== undefined) return [];
  return [...PRINCIPAL, 'claims' as const].flatMap((name): UnplacedIssue[] => {
    if (match[name] === undefined) return [];
    const message = `never holds: nothing authenticates the clients of virtual service "${service.name}"`;
    const fix = 'add `auth_filter` to the service, or remove the condition';
    return [{ path: [...path, name], part: 'key', severity: 'warning', message, fix }];
  });
}

function checkExpression(
  { cel }: RouteMatchConfig,
  path: ConfigPath,
  compile: RouteExpressionCompiler,
): UnplacedIssue[] {
  if (cel === undefined) return [];
  try {
    compile(cel);
    return [];
  } catch (error) {
    const message = `is not an expression that can be used: ${reasonOf(error)}`;
    const fix = 'docs/routing.md lists the variables';
    return [{ path: [...path, 'cel'], severity: 'error', message, fix }];
  }
}

/** Whether a match takes every request. */
export function isEmptyMatch(match: RouteMatchConfig): boolean {
  const { headers, query, body, claims, ...rest } = match;
  const maps = [headers, query, body, claims];
  return (
    maps.every((map) => map === undefined || Object.keys(map).length === 0) &&
    Object.values(rest).every((condition) => condition === undefined)
  );
}
