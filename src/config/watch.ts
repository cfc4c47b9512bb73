import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { expandPath } from './files.ts';

/** What to watch. */
export interface WatchOptions {
  /** Files and directories; a directory stands for the configuration files in it. */
  paths: readonly string[];
  /** Called after what the paths hold has become different. Not called while any of them is missing. */
  onChange(): void;
  /** Quiet time before a change is looked at; 100 ms unless given. */
  debounceMs?: number;
  /** Time between two looks without a notice from the system; 2000 ms unless given. */
  pollMs?: number;
}

/** A running watch. */
export interface ConfigWatch {
  /** Resolves when the state to compare with has been read. */
  ready: Promise<void>;
  /** Ends the watch and releases all it holds. */
  close(): void;
}

/**
 * Watches configuration files for new content. Directories are watched rather than files, so that it sees
 * editors that write a new file and rename it, and Kubernetes volumes, where a symbolic link named `..data` is
 * swapped. What counts is content: touching a file, or replacing it by an equal one, changes nothing. Where the
 * system gives no notice (network file systems, bind mounts) a slow poll sees the change. Holds no process open.
 */
export function watchConfig(options: WatchOptions): ConfigWatch {
  const { onChange, debounceMs = 100, pollMs = 2000 } = options;
  const paths = options.paths.map((path) => resolve(path));
  const watchers = new Map<string, FSWatcher>();
  let stamps = '';
  let content = '';
  let debounce: NodeJS.Timeout | undefined;
  let closed = false;

  const look = async (notify: boolean): Promise<void> => {
    try {
      const files = paths.flatMap((path) => expandPath(path));
      const targets = await Promise.all(files.map((file) => realpath(file)));
      const newStamps = await stampOf(files, targets);
      followDirectories([...paths, ...targets]);
      if (newStamps === stamps) return;
      const newContent = await contentOf(files);
      stamps = newStamps;
      const changed = newContent !== content;
      content = newContent;
      if (changed && notify && !closed) onChange();
    } catch {
      // A path is missing, as in the middle of a replacement, or unreadable: the last state stands.
    }
  };

  // One look at a time: a later one must not be overtaken by an earlier one.
  let running = look(false);
  const enqueue = (notify: boolean) => {
    running = running.then(() => (closed ? undefined : look(notify)));
  };
  const ready = running;

  const notice = () => {
    if (closed) return;
    clearTimeout(debounce);
    debounce = setTimeout(() => enqueue(true), debounceMs);
    debounce.unref();
  };

  function followDirectories(entries: readonly string[]): void {
    if (closed) return;
    const wanted = new Set(entries.map((entry) => dirname(entry)));
    for (const path of paths) wanted.add(path);
    for (const [directory, watcher] of watchers) {
      if (wanted.has(directory)) continue;
      watcher.close();
      watchers.delete(directory);
    }
    for (const directory of wanted) {
      if (watchers.has(directory)) continue;
      try {
        const watcher = watch(directory, { persistent: false }, notice);
        const drop = () => {
          watcher.close();
          watchers.delete(directory);
        };
        watcher.on('error', drop);
        watchers.set(directory, watcher);
      } catch {
        // No notice from here (too many watches, no such support): the poll sees the change.
      }
    }
  }

  const poll = setInterval(() => enqueue(true), pollMs);
  poll.unref();

  return {
    ready,
    close() {
      closed = true;
      clearTimeout(debounce);
      clearInterval(poll);
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}

/** Changes whenever a file may have: cheap enough to be taken at every look. */
async function stampOf(files: readonly string[], targets: readonly string[]): Promise<string> {
  const stats = await Promise.all(targets.map((target) => stat(target, { bigint: true })));
  return stats
    .map(({ dev, ino, size, mtimeNs }, index) => [files[index], targets[index], dev, ino, size, mtimeNs].join('\0'))
    .join('\n');
}

async function contentOf(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const file of files) {
    const bytes = await readFile(file);
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}
