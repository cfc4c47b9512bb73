import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { createDnsSource } from './dns-source.ts';
import { createFileSource } from './file-source.ts';
import { createManagedSource } from './managed-source.ts';

test('every address of a name is an endpoint; the order of the answer does not count', async () => {
  const asked: string[] = [];
  let answer: readonly string[] = ['10.0.0.2', '10.0.0.1', 'fd00::1', '10.0.0.2'];
  const source = createDnsSource({ url: 'https://models.example:8443', refreshMs: 5 }, async (hostname) => {
    asked.push(hostname);
    return answer;
  });
  const found = await source.find();
  assert.deepEqual(
    found.map(({ address }) => address),
    ['10.0.0.1', '10.0.0.2', 'fd00::1'],
  );
  assert.ok(found.every(({ url }) => url === 'https://models.example:8443'));
  answer = ['fd00::1', '10.0.0.1', '10.0.0.2'];
  assert.deepEqual(await source.find(), found);
  answer = [];
  await assert.rejects(source.find(), { message: 'models.example has no address' });
  assert.deepEqual(asked, Array(3).fill('models.example'));
});

test('addresses are resolved as they are, and failures are told in words', async () => {
  const asked: string[] = [];
  const fail = (error: Error) => async (hostname: string) => {
    asked.push(hostname);
    throw error;
  };
  const missing = Object.assign(new Error('getaddrinfo ENOTFOUND a.example'), { code: 'ENOTFOUND' });
  await assert.rejects(createDnsSource({ url: 'http://a.example', refreshMs: 5 }, fail(missing)).find(), {
    message: 'a.example cannot be resolved: there is no such name',
  });
  await assert.rejects(createDnsSource({ url: 'http://[::1]:80', refreshMs: 5 }, fail(new Error('timed out'))).find(), {
    message: '::1 cannot be resolved: timed out',
  });
  assert.deepEqual(asked, ['a.example', '::1']);
});

test('a file is read as it is now, and what is wrong with it is told', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'aigw-endpoints-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'endpoints.txt');
  const source = createFileSource({ path, refreshMs: 5 });
  await assert.rejects(source.find(), { message: `${path} cannot be read: there is no such file` });
  writeFileSync(path, 'http://10.0.0.1:8000\nhttp://10.0.0.2:8000/v1\n');
  assert.deepEqual(await source.find(), [{ url: 'http://10.0.0.1:8000' }, { url: 'http://10.0.0.2:8000/v1' }]);
  writeFileSync(path, 'http://10.0.0.1:8000\nnonsense\n');
  await assert.rejects(source.find(), /endpoints\.txt:2: "nonsense" is not a URL/);
  truncateSync(path, 2 * 1024 * 1024);
  await assert.rejects(source.find(), /is larger than 1 MiB/);
  rmSync(path);
  await assert.rejects(createFileSource({ path: folder, refreshMs: 5 }).find(), /cannot be read/);
});

test('a file that is replaced is noticed', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'aigw-endpoints-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'endpoints.txt');
  writeFileSync(path, 'http://10.0.0.1:8000\n');
  let end = () => {};
  const noticed = new Promise<void>((resolve) => {
    end = createFileSource({ path, refreshMs: 100 }).watch?.(resolve) ?? end;
  });
  t.after(() => end());
  // The watch takes its first look on its own time: what happens before it is seen by the follower.
  const change = setInterval(() => {
    writeFileSync(`${path}.new`, `http://10.0.0.${1 + Math.floor(Math.random() * 250)}:8000\n`);
    renameSync(`${path}.new`, path);
  }, 150);
  t.after(() => clearInterval(change));
  await noticed;
});

test('managed endpoints are those that were set', async () => {
  const source = createManagedSource();
  assert.deepEqual(await source.find(), []);
  source.set(['http://a', 'http://b']);
  assert.deepEqual(await source.find(), [{ url: 'http://a' }, { url: 'http://b' }]);
  assert.deepEqual(source.urls, ['http://a', 'http://b']);
  assert.equal(source.refreshMs, undefined);
});
