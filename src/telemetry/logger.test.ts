import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Secret } from '../config/secret.ts';
import { createLogger, type LoggerOptions } from './logger.ts';

function lines(options: LoggerOptions, use: (logger: ReturnType<typeof createLogger>) => void): string[] {
  const written: string[] = [];
  use(createLogger({ ...options, write: (line) => written.push(line) }));
  return written;
}

test('JSON: level by name, time, message, fields, error with its cause', () => {
  const [line = '', ...more] = lines({ format: 'json' }, (logger) => {
    logger.debug('not shown');
    logger.error('Could not write', {
      path: '/x',
      key: new Secret('sk-1'),
      error: new Error('a', { cause: new Error('b') }),
    });
  });
  assert.deepEqual(more, []);
  assert.ok(line.endsWith('}\n'));
  const { level, time, message, path, key, error } = JSON.parse(line);
  assert.deepEqual(
    { level, message, path, key },
    { level: 'error', message: 'Could not write', path: '/x', key: '***' },
  );
  assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(error.message, 'a');
  assert.equal(error.cause.message, 'b');
});

test('text: one line, values that read back, no control characters', () => {
  const [line = '', ...more] = lines({ format: 'text' }, (logger) => {
    logger.info('two\nlines \u001b[2J', { a: 1, b: 'x y', c: undefined, d: new Secret('sk-1'), e: 'plain', f: 1n });
  });
  assert.deepEqual(more, []);
  assert.match(line, /^\d{4}-\S+Z INFO {2}two\\nlines \\u001b\[2J a=1 b="x y" d="\*\*\*" e=plain f=1\n$/);
});

test('JSON: an error is called by its class, also when that was bundled', () => {
  const lines: string[] = [];
  const logger = createLogger({ format: 'json', write: (line) => lines.push(line) });
  class Own extends Error {}
  class _Named extends Error {
    override readonly name = 'Named';
  }
  for (const error of [new TypeError('a'), new Own('b'), new _Named('c')]) logger.error('x', { error });
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).error.type),
    ['TypeError', 'Own', 'Named'],
  );
});

test('text: an error shows its cause', () => {
  const [line = ''] = lines({ format: 'text' }, (logger) => {
    logger.error('failed', { error: new Error('outer', { cause: new Error('inner') }) });
  });
  assert.match(line, /error="Error: outer.*caused by Error: inner.*"\n$/);
});

test('levels leave out what is below them', () => {
  for (const format of ['text', 'json'] as const) {
    for (const [level, count] of [
      ['debug', 4],
      ['info', 3],
      ['warn', 2],
      ['error', 1],
      ['silent', 0],
    ] as const) {
      const written = lines({ format, level }, (logger) => {
        logger.debug('m');
        logger.info('m');
        logger.warn('m');
        logger.error('m');
      });
      assert.equal(written.length, count, `${format} ${level}`);
    }
  }
});
