import type { AdminRoute } from './route.ts';

/** The routes of one path, by method. */
export type PathMethods = ReadonlyMap<string, AdminRoute>;

/** A path that the table has, and what stands in the place of its braces. */
export interface RouteMatch {
  readonly methods: PathMethods;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds routes by path. */
export interface RouteIndex {
  /** Undefined for a path that the table does not have. Paths are compared as they are, only what stands for braces is decoded. */
  find(path: string): RouteMatch | undefined;
}

interface Template {
  readonly segments: readonly string[];
  readonly methods: Map<string, AdminRoute>;
}

const MAX_PARAM = 512;

/** Makes the index of a table. A path without braces goes before one with them. */
export function createRouteIndex(routes: readonly AdminRoute[]): RouteIndex {
  const exact = new Map<string, Map<string, AdminRoute>>();
  const templates = new Map<string, Template>();
  for (const route of routes) {
    const methods = exact.get(route.path) ?? new Map<string, AdminRoute>();
    methods.set(route.method, route);
    exact.set(route.path, methods);
    if (route.path.includes('{')) templates.set(route.path, { segments: route.path.split('/'), methods });
  }
  for (const path of templates.keys()) exact.delete(path);
  return {
    find(path) {
      const methods = exact.get(path);
      if (methods !== undefined) return { methods, params: {} };
      const segments = path.split('/');
      for (const template of templates.values()) {
        const params = matchTemplate(template.segments, segments);
        if (params !== undefined) return { methods: template.methods, params };
      }
      return undefined;
    },
  };
}

function matchTemplate(
  template: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (template.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    const segment = segments[index] ?? '';
    if (!part.startsWith('{')) {
      if (part !== segment) return undefined;
      continue;
    }
    const value = decodeSegment(segment);
    if (value === undefined) return undefined;
    params[part.slice(1, -1)] = value;
  }
  return params;
}

/** A name in a path; undefined for what no name can be. */
function decodeSegment(segment: string): string | undefined {
  try {
    const value = decodeURIComponent(segment);
    return value === '' || value.length > MAX_PARAM || /[\p{Cc}\p{Cs}]/u.test(value) ? undefined : value;
  } catch {
    return undefined;
  }
}
