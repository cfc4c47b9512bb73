import { type AdminAnswer, errorAnswer, jsonAnswer } from './answer.ts';
import type { AdminPort } from './port.ts';

/** What a route may read of a request. */
export interface AdminRequest {
  /** A header by lower-case name. */
  header(name: string): string | undefined;
}

/** One method of one path. */
export interface AdminRoute {
  /** `GET` also answers `HEAD`. */
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Exact path, without query. */
  readonly path: string;
  /**
   * Who may call: `monitor` are probes and scrapers, which come from other machines; `operator` is someone on this
   * machine, for the answers tell how the gateway is set up.
   */
  readonly access: 'monitor' | 'operator';
  handle(port: AdminPort, request: AdminRequest): AdminAnswer | Promise<AdminAnswer>;
}

/** Every route of the admin server. `docs/admin-api.md` lists the same; a test holds the two together. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  { method: 'GET', path: '/metrics', access: 'monitor', handle: metrics },
  { method: 'GET', path: '/healthz', access: 'monitor', handle: health },
  // The reference system's name for it.
  { method: 'GET', path: '/health', access: 'monitor', handle: health },
  { method: 'GET', path: '/readyz', access: 'monitor', handle: ready },
  { method: 'GET', path: '/api/v1/version', access: 'monitor', handle: version },
  { method: 'GET', path: '/api/v1/config', access: 'operator', handle: config },
  { method: 'GET', path: '/api/v1/config/status', access: 'operator', handle: configStatus },
];

function metrics(port: AdminPort): AdminAnswer {
  return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: port.metricsText() };
}

function health(): AdminAnswer {
  return jsonAnswer(200, { status: 'ok' });
}

function ready(port: AdminPort): AdminAnswer {
  const { ready: isReady, reason } = port.ready();
  return isReady ? jsonAnswer(200, { ready: true }) : jsonAnswer(503, { ready: false, reason: reason ?? 'not ready' });
}

function version(port: AdminPort): AdminAnswer {
  return jsonAnswer(200, { version: port.version });
}

function config(port: AdminPort, request: AdminRequest): AdminAnswer {
  const { applied } = port.status();
  if (applied === undefined) {
    return errorAnswer(503, {
      code: 'no_config',
      message: 'No configuration has been applied yet; /api/v1/config/status says why.',
    });
  }
  const etag = `"${applied.hash}"`;
  if (matchesEtag(request.header('if-none-match'), etag)) {
    return { status: 304, contentType: 'application/json', body: '', headers: { etag } };
  }
  return jsonAnswer(200, port.appliedConfig(), { etag });
}

function configStatus(port: AdminPort): AdminAnswer {
  const { desired, applied, rejected, warnings } = port.status();
  return jsonAnswer(200, {
    desired: withTime(desired),
    applied: withTime(applied),
    rejected: withTime(rejected),
    warnings,
  });
}

/** Weak comparison, as RFC 9110 section 13.1.2 asks for `if-none-match`. */
function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((candidate) => {
    const tag = candidate.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}

/** A version as the API shows it: time in ISO 8601, `null` when there is none. */
function withTime<Version extends { timeMs: number }>(version: Version | undefined) {
  if (version === undefined) return null;
  const { timeMs, ...rest } = version;
  return { ...rest, time: new Date(timeMs).toISOString() };
}
