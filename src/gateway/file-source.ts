import { readFile, stat } from 'node:fs/promises';
import { parseEndpointList } from '../config/endpoint-list.ts';
import { watchConfig } from '../config/watch.ts';
import type { EndpointSource } from './endpoint-source.ts';

/** A list of endpoints is far smaller. */
const MAX_BYTES = 1024 * 1024;

/** A file of base URLs, as `parseEndpointList` reads them. Relative paths start at the working directory. */
export function createFileSource({ path, refreshMs }: { path: string; refreshMs: number }): EndpointSource {
  return {
    refreshMs,
    async find() {
      const text = await read(path);
      return parseEndpointList(path, text).map((url) => ({ url }));
    },
    watch(onNotice) {
      // The follower looks on its own every now and then: the watch's poll is not needed for that.
      const watch = watchConfig({
        paths: [path],
        onChange: onNotice,
        debounceMs: 50,
        pollMs: Math.max(refreshMs, 2000),
      });
      return () => watch.close();
    },
  };
}

async function read(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_BYTES) return await readFile(path, 'utf8');
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const why = missing ? 'there is no such file' : error instanceof Error ? error.message : String(error);
    throw new Error(`${path} cannot be read: ${why}`, { cause: error });
  }
  throw new Error(`${path} is larger than 1 MiB, which no list of endpoints is`);
}
