import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type ConfigWatch, watchConfig } from './watch.ts';

describe('watchConfig', () => {
  let directory = '';
  let changes = new EventEmitter();
  let count = 0;
  let watch: ConfigWatch | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'aigw-watch-'));
    changes = new EventEmitter();
    count = 0;
  });
  afterEach(() => {
    watch?.close();
    rmSync(directory, { recursive: true });
  });

  async function start(paths: string[], options: { pollMs?: number } = {}) {
    // The poll is left out, so that what is seen is seen by notice.
    watch = watchConfig({
      paths,
      debounceMs: 5,
      pollMs: 3_600_000,
      ...options,
      onChange() {
        count++;
        changes.emit('change');
      },
    });
    await watch.ready;
  }

  /** Resolves at the next change that `act` brings about; fails after 5 s. */
  async function changeAfter(act: () => void) {
    const seen = once(changes, 'change', { signal: AbortSignal.timeout(5000) });
    const alive = setInterval(() => {}, 1000);
    act();
    await seen.finally(() => clearInterval(alive));
  }

  it('sees a file that is written in place', async () => {
    const file = join(directory, 'aigw.yaml');
    writeFileSync(file, 'a: 1');
    await start([file]);
    await changeAfter(() => writeFileSync(file, 'a: 2'));
    await changeAfter(() => writeFileSync(file, 'a: 3'));
  });

  it('sees a file that is replaced by a rename, again and again', async () => {
    const file = join(directory, 'aigw.yaml');
    writeFileSync(file, 'a: 1');
    await start([file]);
    for (const text of ['a: 2', 'a: 3', 'a: 4']) {
      await changeAfter(() => {
        writeFileSync(`${file}.tmp`, text);
        renameSync(`${file}.tmp`, file);
      });
    }
  });

  it('sees a file that is moved away and written anew', async () => {
    const file = join(directory, 'aigw.yaml');
    writeFileSync(file, 'a: 1');
    await start([file]);
    await changeAfter(() => {
      renameSync(file, `${file}~`);
      writeFileSync(file, 'a: 2');
    });
  });

  it('sees the swap of a Kubernetes volume', async () => {
    const version = (name: string, text: string) => {
      mkdirSync(join(directory, name));
      writeFileSync(join(directory, name, 'aigw.yaml'), text);
      symlinkSync(name, join(directory, '..data_tmp'));
      renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
    };
    version('..2026_01', 'a: 1');
    symlinkSync('..data/aigw.yaml', join(directory, 'aigw.yaml'));
    await start([join(directory, 'aigw.yaml')]);
    await changeAfter(() => version('..2026_02', 'a: 2'));
    await changeAfter(() => version('..2026_03', 'a: 3'));
  });

  it('sees files come and go in a directory', async () => {
    writeFileSync(join(directory, 'a.yaml'), 'a: 1');
    await start([directory]);
    await changeAfter(() => writeFileSync(join(directory, 'b.yaml'), 'b: 1'));
    await changeAfter(() => rmSync(join(directory, 'b.yaml')));
  });

  it('sees the file behind a link, in another directory', async () => {
    mkdirSync(join(directory, 'real'));
    mkdirSync(join(directory, 'links'));
    const file = join(directory, 'real', 'aigw.yaml');
    writeFileSync(file, 'a: 1');
    symlinkSync(file, join(directory, 'links', 'aigw.yaml'));
    await start([join(directory, 'links', 'aigw.yaml')]);
    await changeAfter(() => writeFileSync(file, 'a: 2'));
  });

  it('takes equal content for no change, and a missing file for none', async () => {
    const file = join(directory, 'aigw.yaml');
    const other = join(directory, 'other.yaml');
    writeFileSync(file, 'a: 1');
    writeFileSync(other, 'b: 1');
    await start([file, other]);
    writeFileSync(`${file}.tmp`, 'a: 1');
    renameSync(`${file}.tmp`, file);
    rmSync(other);
    await changeAfter(() => writeFileSync(other, 'b: 2'));
    assert.equal(count, 1);
  });

  it('sees by poll what no notice tells', async () => {
    const file = join(directory, 'later', 'aigw.yaml');
    await start([file], { pollMs: 10 });
    await changeAfter(() => {
      mkdirSync(join(directory, 'later'));
      writeFileSync(file, 'a: 1');
    });
  });

  it('is silent after it was closed', async () => {
    const file = join(directory, 'aigw.yaml');
    writeFileSync(file, 'a: 1');
    await start([file], { pollMs: 5 });
    watch?.close();
    const first = watch;
    writeFileSync(file, 'a: 2');
    // A second watch that has seen a later change proves that the first had its chance.
    const before = count;
    await start([file]);
    await changeAfter(() => writeFileSync(file, 'a: 3'));
    assert.equal(count, before + 1);
    assert.doesNotThrow(() => first?.close());
  });
});
