import { randomBytes } from 'node:crypto';
import { parseDuration } from '../../config/units.ts';
import { createKey } from '../../filters/auth/key-format.ts';
import { AdminError, invalidInput } from '../admin-error.ts';
import { readEnd } from '../time-text.ts';
import { checkAddresses, checkLimits, storedLimits } from './key-limits.ts';
import type { KeyAdministration, KeyRecord, KeyRecordPatch, NewKeyRecord } from './key-port.ts';
import type { KeyPatchBody, NewKeyBody, RotateBody } from './key-schemas.ts';
import { isWorking, keyState } from './key-state.ts';
import { checkWithinParents, findParents, type KeyOwner } from './parents.ts';

/** A key that is to be stored, and the text that nobody will see again. */
export interface DraftKey {
  readonly text: string;
  readonly record: NewKeyRecord;
}

/** Makes a key from what was asked for. AdminError 400 for what the levels above it do not allow. */
export function draftKey(keys: KeyAdministration, body: NewKeyBody, nowMs: number): DraftKey {
  checkAddresses(body);
  checkLimits(body);
  checkWithinParents(body, findParents(keys.organizations, body));
  const { id, prefix, text } = createKey(randomBytes);
  return {
    text,
    record: {
      id,
      prefix,
      hash: keys.hash(text),
      name: body.name,
      organization: body.organization,
      team: body.team ?? '',
      user: body.user ?? '',
      createdMs: nowMs,
      expiresMs: body.expires === undefined ? null : readEnd('expires', body.expires, nowMs),
      allowedModels: body.allowed_models ?? [],
      allowedEndpoints: body.allowed_operations ?? [],
      allowedRoutes: body.allowed_routes ?? [],
      allowedIps: body.allowed_ips ?? [],
      limits: storedLimits('rate_limit', body.rate_limit),
      budget: storedLimits('budget', body.budget),
      metadata: { ...body.metadata },
    },
  };
}

/** What a patch changes of a key. AdminError 400 for what the levels above it do not allow, 409 for a key that has ended. */
export function draftPatch(
  keys: KeyAdministration,
  { key, body, nowMs }: { key: KeyRecord; body: KeyPatchBody; nowMs: number },
): KeyRecordPatch {
  const state = keyState(key, nowMs);
  // An expired one may be given more time.
  if (state === 'revoked' || state === 'rotated') throw ended(key, state);
  const wanted = {
    allowed_models: body.allowed_models ?? undefined,
    allowed_operations: body.allowed_operations ?? undefined,
    allowed_routes: body.allowed_routes ?? undefined,
    allowed_ips: body.allowed_ips ?? undefined,
  };
  checkAddresses(wanted);
  checkLimits(body);
  checkWithinParents(wanted, findParents(keys.organizations, ownerOf(key)));
  const patch: KeyRecordPatch = {};
  if (body.name !== undefined) patch.name = body.name;
  if (body.expires !== undefined) {
    patch.expiresMs = body.expires === null ? null : readEnd('expires', body.expires, nowMs);
  }
  if (body.allowed_models !== undefined) patch.allowedModels = body.allowed_models ?? [];
  if (body.allowed_operations !== undefined) patch.allowedEndpoints = body.allowed_operations ?? [];
  if (body.allowed_routes !== undefined) patch.allowedRoutes = body.allowed_routes ?? [];
  if (body.allowed_ips !== undefined) patch.allowedIps = body.allowed_ips ?? [];
  if (body.rate_limit !== undefined) patch.limits = storedLimits('rate_limit', body.rate_limit);
  if (body.budget !== undefined) patch.budget = storedLimits('budget', body.budget);
  if (body.metadata !== undefined) patch.metadata = { ...body.metadata };
  return patch;
}

/** How long two keys may both work. */
const MAX_OVERLAP_MS = 90 * 86_400_000;

/**
 * Makes the successor of a key: the same owner, name, limits and labels, another text, and as much time as the old one was given.
 * AdminError 409 for a key that does not work any more or has a successor.
 */
export function draftSuccessor(
  keys: KeyAdministration,
  { key, body, nowMs }: { key: KeyRecord; body: RotateBody; nowMs: number },
): DraftKey & { overlapUntilMs: number } {
  const state = keyState(key, nowMs);
  if (!isWorking(state)) throw ended(key, state);
  if (state === 'rotating') {
    throw new AdminError(409, 'key_rotated', {
      message: `The key ${key.id} was replaced already; rotate its successor.`,
    });
  }
  findParents(keys.organizations, ownerOf(key));
  const overlapMs = parseDuration(body.overlap);
  if (overlapMs === undefined || overlapMs > MAX_OVERLAP_MS) {
    throw invalidInput('overlap', `"${body.overlap}" is not a duration of at most 90d; write one such as 24h`);
  }
  const { id, prefix, text } = createKey(randomBytes);
  const { version: _version, revokedMs: _revoked, rotatedFrom: _from, overlapUntilMs: _until, ...kept } = key;
  return {
    text,
    overlapUntilMs: Math.round(nowMs + overlapMs),
    record: {
      ...kept,
      id,
      prefix,
      hash: keys.hash(text),
      createdMs: nowMs,
      expiresMs: body.expires === undefined ? renewedEnd(key, nowMs) : readEnd('expires', body.expires, nowMs),
    },
  };
}

function renewedEnd(key: KeyRecord, nowMs: number): number | null {
  return key.expiresMs === null ? null : nowMs + (key.expiresMs - key.createdMs);
}

/** Whose key it is. */
function ownerOf({ organization, team, user }: KeyRecord): KeyOwner {
  return { organization, team: team === '' ? undefined : team, user: user === '' ? undefined : user };
}

function ended(key: KeyRecord, state: string): AdminError {
  return new AdminError(409, 'key_ended', {
    message: `The key ${key.id} is ${state} and stays so; issue another one.`,
  });
}
