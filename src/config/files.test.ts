import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConfigFileSystem, expandPath, loadFiles } from './files.ts';

/** Files by path; what ends in a slash is a directory. */
function fileSystem(files: Record<string, string>): ConfigFileSystem {
  const missing = (path: string) => Object.assign(new Error(`ENOENT ${path}`), { code: 'ENOENT' });
  return {
    stat(path) {
      const text = files[path];
      if (text !== undefined) return { isDirectory: false, isFile: true, bytes: text.length };
      if (!Object.keys(files).some((file) => file.startsWith(`${path}/`))) throw missing(path);
      return { isDirectory: true, isFile: false, bytes: 0 };
    },
    names(path) {
      const below = Object.keys(files).filter((file) => file.startsWith(`${path}/`));
      return [...new Set(below.map((file) => file.slice(path.length + 1).split('/')[0] ?? ''))];
    },
    readText(path) {
      const text = files[path];
      if (text === undefined) throw missing(path);
      return text;
    },
  };
}

describe('loadFiles', () => {
  it('reads a file whatever its name', () => {
    assert.deepEqual(loadFiles('/etc/aigw', fileSystem({ '/etc/aigw': 'a: 1' })), [
      { file: '/etc/aigw', text: 'a: 1' },
    ]);
  });

  it('reads the configuration files right in a directory, by name', () => {
    const files = fileSystem({
      '/d/b.yml': 'b',
      '/d/a.yaml': 'a',
      '/d/c.JSON': 'c',
      '/d/notes.txt': 'no',
      '/d/.hidden.yaml': 'no',
      '/d/..data/a.yaml': 'no',
      '/d/sub/d.yaml': 'no',
      '/d/sub.yaml/d.yaml': 'no',
    });
    assert.deepEqual(
      loadFiles('/d', files).map(({ text }) => text),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(expandPath('/d', files), ['/d/a.yaml', '/d/b.yml', '/d/c.JSON']);
  });

  it('says what cannot be read', () => {
    const files = fileSystem({ '/d/notes.txt': 'x', '/big.yaml': 'x'.repeat(8 * 1024 * 1024 + 1) });
    const denied = { ...fileSystem({ '/x.yaml': '' }), readText: () => assert.fail('EACCES') };
    assert.throws(() => loadFiles('/none.yaml', files), { message: '/none.yaml: there is no such file or directory' });
    assert.throws(() => loadFiles('/d', files), {
      name: 'ConfigError',
      message: /^\/d: holds no configuration; put a /,
    });
    assert.throws(() => loadFiles('/big.yaml', files), { message: /is larger than 8 MiB/ });
    assert.throws(() => loadFiles('/x.yaml', denied), { message: '/x.yaml: cannot be read: EACCES' });
  });
});
