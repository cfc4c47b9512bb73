import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ConfigError, type ConfigIssue, formatIssue, formatPath, sortIssues } from './issue.ts';

const ISSUE: ConfigIssue = {
  file: 'aigw.yaml',
  line: 12,
  column: 7,
  path: 'listeners[0].port',
  message: 'must be a number',
  severity: 'error',
};

it('writes paths as people read them', () => {
  assert.equal(formatPath(['virtual_services', 0, 'split', 1, 'cluster']), 'virtual_services[0].split[1].cluster');
  assert.equal(formatPath(['static_cluster', 'azure-eu', 'headers', 'a.b']), 'static_cluster.azure-eu.headers["a.b"]');
  assert.equal(formatPath([]), '');
});

it('writes an issue as one line', () => {
  assert.equal(formatIssue(ISSUE), 'aigw.yaml:12:7: listeners[0].port: must be a number');
  assert.equal(formatIssue({ ...ISSUE, path: '', fix: 'write 1' }), 'aigw.yaml:12:7: must be a number; write 1');
  assert.equal(
    formatIssue({ ...ISSUE, severity: 'warning' }),
    'aigw.yaml:12:7: warning: listeners[0].port: must be a number',
  );
  assert.equal(formatIssue({ ...ISSUE, line: 0, column: 0, path: '' }), 'aigw.yaml: must be a number');
});

it('lists every issue in the error', () => {
  const error = new ConfigError([ISSUE, { ...ISSUE, line: 13 }]);
  assert.equal(error.message, `${formatIssue(ISSUE)}\n${formatIssue({ ...ISSUE, line: 13 })}`);
  assert.equal(error.name, 'ConfigError');
  assert.equal(error.issues.length, 2);
});

it('sorts by file, line and column', () => {
  const at = (file: string, line: number, column: number): ConfigIssue => ({ ...ISSUE, file, line, column });
  const sorted = sortIssues([at('b', 1, 1), at('a', 10, 2), at('a', 10, 1), at('a', 9, 9)]);
  assert.deepEqual(
    sorted.map(({ file, line, column }) => `${file}${line}.${column}`),
    ['a9.9', 'a10.1', 'a10.2', 'b1.1'],
  );
});
