import { randomUUID } from 'node:crypto';
import type { JsonValue } from '../json/types.ts';
import type { AdminError } from './admin-error.ts';
import type { AdminPort, AuditEntry } from './port.ts';
import type { Actor } from './roles.ts';
import type { AdminRoute, ChangeNote } from './route.ts';

/** What happened on a route that changes something. */
export interface AuditEvent {
  readonly route: AdminRoute;
  /** Undefined for a caller who is not known. */
  readonly actor: Actor | undefined;
  readonly note: ChangeNote;
  readonly requestId: string;
  readonly sourceIp: string;
  readonly nowMs: number;
}

/** Writes down what changes, and what was tried. */
export interface AuditTrail {
  /** A change that was made; rejects when it could not be written down. */
  changed(event: AuditEvent): Promise<void>;
  /** An attempt that was refused (below 500) or failed. Never rejects: the caller gets the refusal either way. */
  refused(event: AuditEvent, error: Pick<AdminError, 'status' | 'code'>): Promise<void>;
}

/** Attempts of unknown callers that are written down in a minute; more could fill a disk. */
const MAX_UNKNOWN_PER_MINUTE = 60;
const MINUTE_MS = 60_000;

/**
 * Makes a trail into the audit log of the port and to `onAudit`, which hears of every entry, also while no log is configured.
 * Of unknown callers only so many attempts are written down; the next entry tells how many were left out.
 */
export function createAuditTrail(
  port: AdminPort,
  hear: { onAudit?(entry: AuditEntry): void; onError(error: unknown): void },
): AuditTrail {
  let minuteEndMs = 0;
  let written = 0;
  let leftOut = 0;

  async function append(entry: AuditEntry): Promise<void> {
    hear.onAudit?.(entry);
    await (await port.audit?.())?.append(entry);
  }

  /** Whether an attempt of an unknown caller may still be written down. */
  function hasRoom(nowMs: number): boolean {
    if (nowMs >= minuteEndMs) {
      minuteEndMs = nowMs + MINUTE_MS;
      written = 0;
    }
    if (written >= MAX_UNKNOWN_PER_MINUTE) {
      leftOut += 1;
      return false;
    }
    written += 1;
    return true;
  }

  return {
    changed: (event) => append(entryOf(event, '', event.note.after)),
    async refused(event, { status, code }) {
      if (event.actor === undefined && !hasRoom(event.nowMs)) return;
      const outcome = { status, code, ...(leftOut === 0 ? {} : { attempts_left_out: leftOut }) };
      leftOut = 0;
      try {
        await append(entryOf(event, status < 500 ? '.refused' : '.failed', outcome));
      } catch (error) {
        hear.onError(error);
      }
    },
  };
}

const MAX_TARGET = 200;

function entryOf(event: AuditEvent, suffix: string, after: ChangeNote['after']): AuditEntry {
  const { route, actor, note, requestId, sourceIp, nowMs } = event;
  return {
    id: randomUUID(),
    timeMs: nowMs,
    actor: actor?.name ?? 'unknown',
    role: actor?.role ?? 'none',
    action: `${route.action ?? route.operationId}${suffix}`,
    target: note.target.slice(0, MAX_TARGET),
    before: toJson(note.before),
    after: toJson(after),
    requestId,
    sourceIp,
  };
}

/** What JSON makes of it: no absent fields, and secrets hide themselves. */
function toJson(value: ChangeNote['after']): JsonValue {
  return value === null ? null : (JSON.parse(JSON.stringify(value)) as JsonValue);
}
