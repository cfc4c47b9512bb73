import type { DialectName } from '../names.ts';
import type { NeutralRequest } from '../neutral/request.ts';

/** The fields that other APIs than `own` wrote and that have no neutral meaning: what a translation to `own` loses. */
export function foreignExtensions(request: NeutralRequest, own: DialectName): { dialect: string; field: string }[] {
  const found: { dialect: string; field: string }[] = [];
  for (const [dialect, fields] of Object.entries(request.extensions ?? {})) {
    if (dialect === own) continue;
    for (const field of Object.keys(fields ?? {})) found.push({ dialect, field });
  }
  return found;
}
