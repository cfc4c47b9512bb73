import { z } from 'zod';
import { AdminError } from './admin-error.ts';
import { type AdminAnswer, jsonAnswer } from './answer.ts';
import { answerTime } from './fields.ts';
import { changedMeanwhile, requireMatch } from './if-match.ts';
import { provided } from './needs.ts';
import type { AdminPort, ConfigStatus, ConfigVersion } from './port.ts';
import { type AdminRequest, type AdminRoute, defineRoute } from './route.ts';

const TAG = 'configuration';
const PATH = '/api/v1/config';

const version = {
  revision: z.number().int(),
  hash: z.string(),
  time: answerTime,
  sources: z.array(z.string()),
};

const status = z.strictObject({
  desired: z.strictObject(version).nullable(),
  applied: z.strictObject(version).nullable(),
  rejected: z.strictObject({ ...version, errors: z.array(z.string()) }).nullable(),
  warnings: z.array(z.string()),
});

const applied = z.strictObject({ applied: z.strictObject(version), warnings: z.array(z.string()) });

/** Media types of a gateway file: JSON is YAML too. */
const FILE_TYPES = ['application/yaml', 'application/json'] as const;
/** A file may be larger than the bodies of other routes. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** The routes of the configuration. */
export const CONFIG_ROUTES: readonly AdminRoute[] = [
  defineRoute({
    method: 'GET',
    path: PATH,
    access: 'viewer',
    operationId: 'getConfig',
    summary: 'The configuration in force, secrets as `***`',
    tag: TAG,
    answers: { 200: { description: 'The configuration', schema: z.looseObject({}), etag: true } },
    handle: get,
  }),
  defineRoute({
    method: 'PUT',
    path: PATH,
    // Whoever writes the file decides about tokens and keys, and can have secrets sent anywhere.
    access: 'admin',
    operationId: 'putConfig',
    summary: 'Puts another configuration in force, or none of it',
    tag: TAG,
    action: 'config.put',
    ifMatch: 'required',
    textBody: FILE_TYPES,
    answers: { 200: { description: 'The version that is in force now', schema: applied, etag: true } },
    handle: put,
  }),
  defineRoute({
    method: 'GET',
    path: `${PATH}/status`,
    access: 'viewer',
    operationId: 'getConfigStatus',
    summary: 'What was asked for, what runs, and what was refused why',
    tag: TAG,
    answers: { 200: { description: 'The status', schema: status } },
    handle: (port) => jsonAnswer(200, showStatus(port.status())),
  }),
];

function get(port: AdminPort, request: AdminRequest): AdminAnswer {
  const { applied: current } = port.status();
  if (current === undefined) throw noConfig();
  const etag = etagOf(current);
  if (matchesNoneMatch(request.header('if-none-match'), etag)) {
    return { status: 304, contentType: 'application/json', body: '', headers: { etag } };
  }
  return jsonAnswer(200, port.appliedConfig(), { etag });
}

async function put(port: AdminPort, request: AdminRequest): Promise<AdminAnswer> {
  const { change, actor } = request;
  change.target = 'config';
  const current = port.status().applied;
  change.before = current === undefined ? null : showHash(current);
  const config = provided(
    port.config?.(),
    'configuration that can be replaced',
    'a gateway file, with `aigw run FILE`',
  );
  const header = request.header('if-match');
  requireMatch(header, current === undefined ? '' : etagOf(current), 'configuration');
  const text = await request.readText({ types: FILE_TYPES, maxBytes: MAX_FILE_BYTES });
  const expectedHash = header?.trim() === '*' ? undefined : current?.hash;
  const outcome = await config.put(text, { expectedHash, actor: actor.name });
  if (outcome.ok) {
    change.after = showHash(outcome.applied);
    const shown = { applied: showVersion(outcome.applied), warnings: outcome.warnings };
    return jsonAnswer(200, shown, { etag: etagOf(outcome.applied) });
  }
  switch (outcome.reason) {
    case 'stale':
      throw changedMeanwhile(outcome.applied === undefined ? '""' : etagOf(outcome.applied), 'configuration');
    case 'invalid':
      throw new AdminError(400, 'invalid_config', {
        message: `The configuration is not valid and changes nothing: ${outcome.errors[0] ?? 'no reason is known'}`,
        issues: outcome.errors.map((message) => ({ param: '', message })),
      });
    default:
      return outcome satisfies never;
  }
}

function noConfig(): AdminError {
  return new AdminError(503, 'no_config', {
    message: 'No configuration has been applied yet; /api/v1/config/status says why.',
  });
}

function etagOf({ hash }: ConfigVersion): string {
  return `"${hash}"`;
}

/** What the audit log keeps of a configuration: its text may hold secrets. */
function showHash({ revision, hash }: ConfigVersion) {
  return { revision, hash };
}

function showStatus({ desired, applied: current, rejected, warnings }: ConfigStatus) {
  return {
    desired: desired === undefined ? null : showVersion(desired),
    applied: current === undefined ? null : showVersion(current),
    rejected: rejected === undefined ? null : { ...showVersion(rejected), errors: rejected.errors },
    warnings,
  };
}

function showVersion({ revision, hash, sources, timeMs }: ConfigVersion) {
  return { revision, hash, sources, time: new Date(timeMs).toISOString() };
}

/** Weak comparison, as RFC 9110 section 13.1.2 asks for `if-none-match`. */
function matchesNoneMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((candidate) => {
    const tag = candidate.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}
