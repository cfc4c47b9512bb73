import { isObject, type JsonObject, type JsonValue } from '../../json/types.ts';
import { isoTime, isoTimeOrNull } from '../time-text.ts';
import type { KeyRecord } from './key-port.ts';
import type { ShownKey } from './key-schemas.ts';
import { keyState } from './key-state.ts';

/** A key as the API and the audit log show it: neither its text nor its hash. */
export function showKey(key: KeyRecord, nowMs: number): ShownKey {
  return {
    id: key.id,
    prefix: key.prefix,
    name: key.name,
    state: keyState(key, nowMs),
    organization: key.organization,
    team: key.team === '' ? null : key.team,
    user: key.user === '' ? null : key.user,
    created: isoTime(key.createdMs),
    expires: isoTimeOrNull(key.expiresMs),
    revoked: isoTimeOrNull(key.revokedMs),
    rotated_from: key.rotatedFrom,
    overlap_until: isoTimeOrNull(key.overlapUntilMs),
    allowed_models: listOrNull(key.allowedModels),
    allowed_operations: listOrNull(key.allowedEndpoints),
    allowed_routes: listOrNull(key.allowedRoutes),
    allowed_ips: listOrNull(key.allowedIps),
    rate_limit: limitsOrNull(key.limits['rate_limit']),
    budget: limitsOrNull(key.budget['budget']),
    metadata: labels(key.metadata),
    version: key.version,
  };
}

/** The `etag` of a key. */
export function keyEtag(key: KeyRecord): string {
  return `"${key.version}"`;
}

function listOrNull(list: readonly string[]): string[] | null {
  return list.length === 0 ? null : [...list];
}

function limitsOrNull(value: JsonValue | undefined): JsonObject[] | null {
  return Array.isArray(value) && value.length > 0 ? value.filter(isObject) : null;
}

function labels(metadata: JsonObject): Record<string, string> {
  const texts = Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}
