import type { UnplacedIssue } from './issue.ts';

/** Issues for every name that was used before; `pathOf` gives the path of the n-th name. */
export function duplicateNames(
  names: readonly (string | undefined)[],
  what: string,
  pathOf: (index: number) => UnplacedIssue['path'],
): UnplacedIssue[] {
  const seen = new Set<string>();
  return names.flatMap((name, index): UnplacedIssue[] => {
    if (name === undefined || !seen.has(name)) {
      if (name !== undefined) seen.add(name);
      return [];
    }
    const message = `another ${what} is already named "${name}"`;
    return [{ path: pathOf(index), severity: 'error', message, fix: 'choose another name' }];
  });
}
