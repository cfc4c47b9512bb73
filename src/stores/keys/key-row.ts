import { isObject, type JsonObject } from '../../json/types.ts';
import type { SqlRow, SqlValue } from '../database/sql-database.ts';
import type { IssuedKey, KeyPatch, LimitOverride, NewOverride } from './issued-key.ts';

/** The columns of `aigw_key` in the order in which `toKeyRow` fills them. */
export const KEY_COLUMNS = [
  'id',
  'hash',
  'prefix',
  'name',
  'organization',
  'team',
  'user_name',
  'created_ms',
  'expires_ms',
  'revoked_ms',
  'rotated_from',
  'overlap_until_ms',
  'allowed_models',
  'allowed_endpoints',
  'allowed_routes',
  'allowed_ips',
  'limits',
  'budget',
  'metadata',
  'version',
  'sequence',
] as const;

/** The values of a key in the order of KEY_COLUMNS. */
export function toKeyRow(key: IssuedKey): SqlValue[] {
  return [
    key.id,
    key.hash,
    key.prefix,
    key.name,
    key.organization,
    key.team,
    key.user,
    key.createdMs,
    key.expiresMs,
    key.revokedMs,
    key.rotatedFrom,
    key.overlapUntilMs,
    JSON.stringify(key.allowedModels),
    JSON.stringify(key.allowedEndpoints),
    JSON.stringify(key.allowedRoutes),
    JSON.stringify(key.allowedIps),
    JSON.stringify(key.limits),
    JSON.stringify(key.budget),
    JSON.stringify(key.metadata),
    key.version,
    key.sequence,
  ];
}

/** The key of a row. */
export function fromKeyRow(row: SqlRow): IssuedKey {
  return {
    id: text(row, 'id'),
    hash: text(row, 'hash'),
    prefix: text(row, 'prefix'),
    name: text(row, 'name'),
    organization: text(row, 'organization'),
    team: text(row, 'team'),
    user: text(row, 'user_name'),
    createdMs: number(row, 'created_ms'),
    expiresMs: optionalNumber(row, 'expires_ms'),
    revokedMs: optionalNumber(row, 'revoked_ms'),
    rotatedFrom: row['rotated_from'] === null ? null : text(row, 'rotated_from'),
    overlapUntilMs: optionalNumber(row, 'overlap_until_ms'),
    allowedModels: list(row, 'allowed_models'),
    allowedEndpoints: list(row, 'allowed_endpoints'),
    allowedRoutes: list(row, 'allowed_routes'),
    allowedIps: list(row, 'allowed_ips'),
    limits: object(row, 'limits'),
    budget: object(row, 'budget'),
    metadata: object(row, 'metadata'),
    version: number(row, 'version'),
    sequence: number(row, 'sequence'),
  };
}

/** The key with the fields of a patch that are present; unknown fields of a careless caller stay out. */
export function patchKey(key: IssuedKey, patch: KeyPatch): IssuedKey {
  return {
    ...key,
    name: patch.name ?? key.name,
    expiresMs: patch.expiresMs === undefined ? key.expiresMs : patch.expiresMs,
    allowedModels: patch.allowedModels ?? key.allowedModels,
    allowedEndpoints: patch.allowedEndpoints ?? key.allowedEndpoints,
    allowedRoutes: patch.allowedRoutes ?? key.allowedRoutes,
    allowedIps: patch.allowedIps ?? key.allowedIps,
    limits: patch.limits ?? key.limits,
    budget: patch.budget ?? key.budget,
    metadata: patch.metadata ?? key.metadata,
  };
}

/** The columns of `aigw_limit_override` in the order in which `toOverrideRow` fills them. */
export const OVERRIDE_COLUMNS = [
  'id',
  'scope',
  'unit',
  'amount',
  'from_ms',
  'until_ms',
  'reason',
  'created_by',
  'created_ms',
  'ended_ms',
  'sequence',
] as const;

/** The values of a new override in the order of OVERRIDE_COLUMNS. */
export function toOverrideRow(override: NewOverride, sequence: number): SqlValue[] {
  const { id, scope, unit, amount, fromMs, untilMs, reason, createdBy, createdMs } = override;
  return [id, scope, unit, amount, fromMs, untilMs, reason, createdBy, createdMs, null, sequence];
}

/** The override of a row. */
export function fromOverrideRow(row: SqlRow): LimitOverride {
  return {
    id: text(row, 'id'),
    scope: text(row, 'scope'),
    unit: text(row, 'unit'),
    amount: number(row, 'amount'),
    fromMs: number(row, 'from_ms'),
    untilMs: number(row, 'until_ms'),
    reason: text(row, 'reason'),
    createdBy: text(row, 'created_by'),
    createdMs: number(row, 'created_ms'),
    endedMs: optionalNumber(row, 'ended_ms'),
    sequence: number(row, 'sequence'),
  };
}

function text(row: SqlRow, name: string): string {
  return String(row[name] ?? '');
}

function number(row: SqlRow, name: string): number {
  return Number(row[name] ?? 0);
}

function optionalNumber(row: SqlRow, name: string): number | null {
  return row[name] === null || row[name] === undefined ? null : Number(row[name]);
}

function list(row: SqlRow, name: string): string[] {
  const value: unknown = JSON.parse(text(row, name));
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function object(row: SqlRow, name: string): JsonObject {
  const value: unknown = JSON.parse(text(row, name));
  return isObject(value) ? value : {};
}
