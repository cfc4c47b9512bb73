import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { isObject } from '../../json/types.ts';

const OWNER_FILE = 'owner.json';
const NEW_PREFIX = '.new-';
// How a process names its own segments; adopted ones have the folder they came from before it.
const OWN_NAME = /^\d{8}\.spool$/;

/** How often a live process must say so. */
export const HEARTBEAT_MS = 10_000;
/** After how long without it a process of another host, or one that reuses an old process id, counts as gone. */
export const ABANDONED_MS = 60_000;

/**
 * Makes this process's own folder in the spool, `token` being unique. The folder appears together with the note of its
 * owner, so that nobody takes it for abandoned.
 */
export function makeOwnFolder(spool: string, token: string): string {
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  const fresh = join(spool, NEW_PREFIX + token);
  const folder = join(spool, token);
  mkdirSync(fresh, { mode: 0o700 });
  const owner = { pid: process.pid, host: hostname(), startedMs: Date.now() };
  writeFileSync(join(fresh, OWNER_FILE), JSON.stringify(owner), { mode: 0o600 });
  renameSync(fresh, folder);
  return folder;
}

/** Says that the owner lives; false when another process has taken the folder meanwhile. */
export function beat(folder: string, nowMs: number): boolean {
  try {
    utimesSync(join(folder, OWNER_FILE), nowMs / 1000, nowMs / 1000);
    return true;
  } catch {
    return false;
  }
}

/** Gives the folder up: removed when no record is left in it, else free for the next process. */
export function leaveFolder(folder: string): void {
  if (segmentFiles(folder).length === 0) rmSync(folder, { recursive: true, force: true });
  else rmSync(join(folder, OWNER_FILE), { force: true });
}

/**
 * Moves the segments of processes that are gone into `folder`. A process takes another's folder by one rename, so of
 * several that try only one gets it. Returns the files taken, oldest first.
 */
export function adoptAbandoned(spool: string, folder: string, nowMs: number): string[] {
  const taken: string[] = [];
  for (const name of readdirSync(spool)) {
    const other = join(spool, name);
    if (other === folder || !isAbandoned(other, nowMs)) continue;
    const moved = join(folder, name);
    try {
      renameSync(other, moved);
    } catch {
      // Another process was faster.
      continue;
    }
    for (const file of segmentFiles(moved)) {
      const kept = join(folder, OWN_NAME.test(basename(file)) ? `${name}-${basename(file)}` : basename(file));
      renameSync(file, kept);
      taken.push(kept);
    }
    rmSync(moved, { recursive: true, force: true });
  }
  return taken.sort((a, b) => statSync(a).mtimeMs - statSync(b).mtimeMs);
}

/** All segment files below a folder. */
function segmentFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.spool'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function isAbandoned(folder: string, nowMs: number): boolean {
  try {
    if (!statSync(folder).isDirectory()) return false;
    const file = join(folder, OWNER_FILE);
    let text: string;
    let beatMs: number;
    try {
      text = readFileSync(file, 'utf8');
      beatMs = statSync(file).mtimeMs;
    } catch {
      // Left on purpose, or the process ended while it made the folder.
      return !folder.includes(NEW_PREFIX) || nowMs - statSync(folder).mtimeMs > ABANDONED_MS;
    }
    if (nowMs - beatMs > ABANDONED_MS) return true;
    const owner: unknown = JSON.parse(text);
    if (!isObject(owner) || owner['host'] !== hostname() || typeof owner['pid'] !== 'number') return false;
    if (owner['pid'] !== process.pid) return !isAlive(owner['pid']);
    // This process's own id: a container's first process has the same one after each restart.
    return Number(owner['startedMs']) < nowMs - process.uptime() * 1000;
  } catch {
    // Taken by another process while looking.
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
