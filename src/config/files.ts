import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from './issue.ts';
import type { ConfigSource } from './load.ts';
import { MAX_SOURCE_CHARACTERS } from './yaml-parse.ts';

/** What finding configuration files takes from a file system. Each call throws when there is no such entry. */
export interface ConfigFileSystem {
  /** Follows symbolic links. */
  stat(path: string): { isDirectory: boolean; isFile: boolean; bytes: number };
  /** Names in a directory, in any order. */
  names(path: string): string[];
  readText(path: string): string;
}

/** The file system of this machine. */
export const nodeFileSystem: ConfigFileSystem = {
  stat(path) {
    const stat = statSync(path);
    return { isDirectory: stat.isDirectory(), isFile: stat.isFile(), bytes: stat.size };
  },
  names: (path) => readdirSync(path),
  readText: (path) => readFileSync(path, 'utf8'),
};

const CONFIG_FILE = /^[^.].*\.(yaml|yml|json)$/i;

/**
 * The configuration files that `path` stands for: a file itself, or the `.yaml`, `.yml` and `.json` files
 * right in a directory, by name. Names that begin with a dot are left out: Kubernetes mounts a volume's older
 * versions under such names. Throws ConfigError when there is none.
 */
export function expandPath(path: string, files: Pick<ConfigFileSystem, 'stat' | 'names'> = nodeFileSystem): string[] {
  if (!attempt(path, () => files.stat(path)).isDirectory) return [path];
  const found = attempt(path, () => files.names(path))
    .filter((name) => CONFIG_FILE.test(name))
    .sort()
    .map((name) => join(path, name))
    .filter((file) => attempt(file, () => files.stat(file)).isFile);
  if (found.length === 0) throw failure(path, 'holds no configuration', 'put a .yaml, .yml or .json file there');
  return found;
}

/** Reads the files that `path` stands for (see `expandPath`). Throws ConfigError when one cannot be read. */
export function loadFiles(path: string, files: ConfigFileSystem = nodeFileSystem): ConfigSource[] {
  return expandPath(path, files).map((file) => {
    if (attempt(file, () => files.stat(file)).bytes > MAX_SOURCE_CHARACTERS) {
      throw failure(file, 'is larger than 8 MiB', 'split it into several files');
    }
    return { file, text: attempt(file, () => files.readText(file)) };
  });
}

function attempt<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw failure(path, 'there is no such file or directory');
    }
    throw failure(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function failure(file: string, message: string, fix?: string): ConfigError {
  const severity = 'error';
  return new ConfigError([
    { file, line: 0, column: 0, path: '', message, ...(fix === undefined ? {} : { fix }), severity },
  ]);
}
