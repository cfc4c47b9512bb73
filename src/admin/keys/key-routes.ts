import { AdminError } from '../admin-error.ts';
import { type AdminAnswer, jsonAnswer } from '../answer.ts';
import { changedMeanwhile, matchesIfMatch, requireMatch } from '../if-match.ts';
import { provided } from '../needs.ts';
import type { AdminPort } from '../port.ts';
import { type AdminRequest, type AdminRoute, type CheckedRequest, defineRoute } from '../route.ts';
import { draftKey, draftPatch, draftSuccessor } from './issue-key.ts';
import { keyEtag, showKey } from './key-json.ts';
import type { KeyAdministration, KeyRecord, KeyRecordChange } from './key-port.ts';
import {
  issuedKey,
  type KeyListQuery,
  type KeyPatchBody,
  keyListQuery,
  keyPage,
  keyPatchBody,
  type NewKeyBody,
  newKeyBody,
  type RotateBody,
  rotateBody,
  shownKey,
} from './key-schemas.ts';
import { listKeys } from './list-keys.ts';

const TAG = 'keys';
const ONE = '/api/v1/keys/{id}';

/** The routes of issued keys. */
export const KEY_ROUTES: readonly AdminRoute[] = [
  defineRoute({
    method: 'GET',
    path: '/api/v1/keys',
    access: 'viewer',
    operationId: 'listKeys',
    summary: 'Issued keys, newest first; their texts are not kept',
    tag: TAG,
    query: keyListQuery,
    answers: { 200: { description: 'A page of keys', schema: keyPage } },
    handle: list,
  }),
  defineRoute({
    method: 'POST',
    path: '/api/v1/keys',
    access: 'admin',
    operationId: 'issueKey',
    summary: 'Issues a key; the answer is the only place that shows its text',
    tag: TAG,
    action: 'key.issue',
    body: newKeyBody,
    answers: { 201: { description: 'The new key', schema: issuedKey, etag: true } },
    handle: issue,
  }),
  defineRoute({
    method: 'GET',
    path: ONE,
    access: 'viewer',
    operationId: 'getKey',
    summary: 'One issued key',
    tag: TAG,
    answers: { 200: { description: 'The key', schema: shownKey, etag: true } },
    handle: get,
  }),
  defineRoute({
    method: 'PATCH',
    path: ONE,
    access: 'admin',
    operationId: 'changeKey',
    summary: 'Changes what a key may do, or until when',
    tag: TAG,
    action: 'key.change',
    ifMatch: 'required',
    body: keyPatchBody,
    answers: { 200: { description: 'The key as it is now', schema: shownKey, etag: true } },
    handle: change,
  }),
  defineRoute({
    method: 'DELETE',
    path: ONE,
    access: 'admin',
    operationId: 'revokeKey',
    summary: 'Revokes a key for good; doing it again changes nothing',
    tag: TAG,
    action: 'key.revoke',
    ifMatch: 'optional',
    answers: { 200: { description: 'The revoked key', schema: shownKey, etag: true } },
    handle: revoke,
  }),
  defineRoute({
    method: 'POST',
    path: '/api/v1/keys/{id}/rotate',
    access: 'admin',
    operationId: 'rotateKey',
    summary: 'Issues the successor of a key, which itself works until the overlap ends',
    tag: TAG,
    action: 'key.rotate',
    ifMatch: 'optional',
    body: rotateBody,
    answers: { 201: { description: 'The successor', schema: issuedKey, etag: true } },
    handle: rotate,
  }),
];

function keysOf(port: AdminPort): KeyAdministration {
  return provided(port.keys?.(), 'issued keys', '`issued_keys` and `stores.ledger`');
}

async function list(port: AdminPort, { query, nowMs }: CheckedRequest<KeyListQuery, unknown>): Promise<AdminAnswer> {
  const { keys, next } = await listKeys(await keysOf(port).store(), query, nowMs);
  return jsonAnswer(200, { keys: keys.map((key) => showKey(key, nowMs)), next: next ?? null });
}

async function issue(port: AdminPort, request: CheckedRequest<unknown, NewKeyBody>): Promise<AdminAnswer> {
  const { body, nowMs, change: note } = request;
  note.target = `key of ${body.organization}`;
  const keys = keysOf(port);
  const { text, record } = draftKey(keys, body, nowMs);
  const key = await (await keys.store()).insert(record);
  keys.changed();
  const shown = showKey(key, nowMs);
  note.target = `key:${key.id}`;
  note.after = shown;
  return jsonAnswer(201, { text, key: shown }, { etag: keyEtag(key), location: `/api/v1/keys/${key.id}` });
}

async function get(port: AdminPort, { params, nowMs }: AdminRequest): Promise<AdminAnswer> {
  return answerKey(await findKey(keysOf(port), params['id'] ?? ''), nowMs);
}

async function change(port: AdminPort, request: CheckedRequest<unknown, KeyPatchBody>): Promise<AdminAnswer> {
  const { body, nowMs, change: note } = request;
  const keys = keysOf(port);
  const key = await target(keys, request);
  requireMatch(request.header('if-match'), keyEtag(key), 'key');
  const patch = draftPatch(keys, { key, body, nowMs });
  const changed = changedKey(await (await keys.store()).update(key.id, key.version, patch), key.id);
  keys.changed();
  note.after = showKey(changed, nowMs);
  return answerKey(changed, nowMs);
}

async function revoke(port: AdminPort, request: AdminRequest): Promise<AdminAnswer> {
  const { nowMs, change: note } = request;
  const keys = keysOf(port);
  const key = await target(keys, request);
  requireMatchIfGiven(request, key);
  const revoked = changedKey(await (await keys.store()).revoke(key.id, nowMs), key.id);
  keys.changed();
  note.after = showKey(revoked, nowMs);
  return answerKey(revoked, nowMs);
}

async function rotate(port: AdminPort, request: CheckedRequest<unknown, RotateBody>): Promise<AdminAnswer> {
  const { body, nowMs, change: note } = request;
  const keys = keysOf(port);
  const key = await target(keys, request);
  requireMatchIfGiven(request, key);
  const { text, record, overlapUntilMs } = draftSuccessor(keys, { key, body, nowMs });
  const rotated = await (await keys.store()).rotate({ id: key.id, version: key.version }, record, overlapUntilMs);
  const successor = changedKey(rotated, key.id);
  keys.changed();
  const shown = showKey(successor, nowMs);
  note.after = shown;
  const headers = { etag: keyEtag(successor), location: `/api/v1/keys/${successor.id}` };
  return jsonAnswer(201, { text, key: shown }, headers);
}

/** The key that a request is about to change, as the audit log is to show it. */
async function target(keys: KeyAdministration, { params, nowMs, change: note }: AdminRequest): Promise<KeyRecord> {
  const id = params['id'] ?? '';
  note.target = `key:${id}`;
  const key = await findKey(keys, id);
  note.before = showKey(key, nowMs);
  return key;
}

async function findKey(keys: KeyAdministration, id: string): Promise<KeyRecord> {
  const key = await (await keys.store()).get(id);
  if (key === undefined) throw noSuchKey(id);
  return key;
}

function noSuchKey(id: string): AdminError {
  return new AdminError(404, 'unknown_key', { message: `No issued key has the id ${id}.` });
}

function requireMatchIfGiven(request: AdminRequest, key: KeyRecord): void {
  if (matchesIfMatch(request.header('if-match'), keyEtag(key)) === false) throw changedMeanwhile(keyEtag(key), 'key');
}

function changedKey(change: KeyRecordChange, id: string): KeyRecord {
  if (change.ok) return change.key;
  throw change.reason === 'version' ? changedMeanwhile(keyEtag(change.key), 'key') : noSuchKey(id);
}

function answerKey(key: KeyRecord, nowMs: number): AdminAnswer {
  return jsonAnswer(200, showKey(key, nowMs), { etag: keyEtag(key) });
}
