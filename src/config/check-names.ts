import type { ConfigPath, UnplacedIssue } from './issue.ts';
import { nearest } from './nearest.ts';

/** The issue of a name that leads nowhere, with the nearest one that does not; none for a name that is known. */
export function unknownName(
  name: string,
  { known, what, path }: { known: readonly string[]; what: string; path: ConfigPath },
): UnplacedIssue[] {
  if (known.includes(name)) return [];
  const suggestion = nearest(name, known);
  const list = known.length === 0 ? `there is no named ${what}` : `there are ${known.slice(0, 10).join(', ')}`;
  const fix = suggestion === undefined ? list : `did you mean \`${suggestion}\`?`;
  return [{ path, severity: 'error', message: `there is no ${what} "${name}"`, fix }];
}
