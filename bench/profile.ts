import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

interface CallFrame {
  functionName: string;
  url: string;
  lineNumber: number;
  columnNumber: number;
}

interface Profile {
  nodes: { id: number; callFrame: CallFrame }[];
  startTime: number;
  samples: number[];
  timeDeltas: number[];
}

const SHOWN = 30;
/** Frames that are not work. */
const IDLE = '(idle)';

/** Names places of compiled files by their sources. */
function createPlaceNamer(root: string): (frame: CallFrame) => string {
  const maps = new Map<string, SourceMap | undefined>();
  const mapOf = (file: string) => {
    if (!maps.has(file)) {
      const payload = existsSync(`${file}.map`)
        ? (JSON.parse(readFileSync(`${file}.map`, 'utf8')) as SourceMapPayload)
        : undefined;
      maps.set(file, payload === undefined ? undefined : new SourceMap(payload));
    }
    return maps.get(file);
  };
  return ({ url, lineNumber, columnNumber }) => {
    if (!url.startsWith('file:')) return url;
    const file = fileURLToPath(url);
    const entry = mapOf(file)?.findEntry(lineNumber, columnNumber);
    if (entry === undefined || !('originalSource' in entry)) return `${relative(root, file)}:${lineNumber + 1}`;
    return `${relative(root, join(file, '..', entry.originalSource))}:${entry.originalLine + 1}`;
  };
}

/** The functions of a profile with most time of their own, from `skipSeconds` after its start on; the share is of busy time. */
function topFunctions(profile: Profile, root: string, skipSeconds: number): string[] {
  const nameOf = createPlaceNamer(root);
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const own = new Map<string, number>();
  const from = profile.startTime + skipSeconds * 1e6;
  let at = profile.startTime;
  let busy = 0;
  for (const [index, id] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    at += delta;
    const frame = frames.get(id);
    if (at < from || frame === undefined || frame.functionName === IDLE) continue;
    const key = `${frame.functionName || '(anonymous)'} ${nameOf(frame)}`.trim();
    own.set(key, (own.get(key) ?? 0) + delta);
    busy += delta;
  }
  return [...own]
    .sort((a, b) => b[1] - a[1])
    .slice(0, SHOWN)
    .map(([key, time]) => `${((100 * time) / busy).toFixed(1).padStart(5)} %  ${key}`);
}

/** Where the time of a process went, by the profiles it left in a folder; its start and warm-up are left out. */
export function formatProfiles(folder: string, options: { root: string; skipSeconds: number }): string {
  const lines: string[] = [];
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile;
    lines.push(
      '',
      `time of their own, of busy time (${name}):`,
      ...topFunctions(profile, options.root, options.skipSeconds),
    );
  }
  return `${lines.join('\n')}\n`;
}
