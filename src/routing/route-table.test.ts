import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../errors/gateway-error.ts';
import type { RouteKey } from './route-index.ts';
import {
  createRouteTable,
  type RouteCheck,
  type RouteCondition,
  type RouteInput,
  type TableEntry,
} from './route-table.ts';

const MODELS = ['a', 'b', 'ab', '__proto__', '', ...Array.from({ length: 10 }, (_, index) => `m${index}`)];
const PATHS = ['/v1/x', '/v1/y', ...Array.from({ length: 9 }, (_, index) => `/t${index}/`)];
const TIERS = ['1', '2', 'constructor', ...Array.from({ length: 9 }, (_, index) => `t${index}`)];

/** A condition as data, so that a failing example can be read. */
interface Authored {
  exactModel?: string;
  prefix?: string;
  header?: { name: string; value: string };
  paths?: string[];
}

const authored: fc.Arbitrary<Authored> = fc.record(
  {
    exactModel: fc.constantFrom(...MODELS),
    prefix: fc.constantFrom('a', 'b', '', 'm', ...MODELS),
    header: fc.record({ name: fc.constantFrom('x-tier', 'x-team'), value: fc.constantFrom(...TIERS) }),
    paths: fc.subarray([...PATHS], { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: [] },
);

function check(words: string, holds: RouteCheck['holds']): RouteCheck {
  return { words, holds, shown: () => 'something else' };
}

type Read = (input: RouteInput) => string | undefined;

function part(dimension: string, read: Read, asked: { kind: 'exact' | 'prefix'; values: readonly string[] }) {
  const { kind, values } = asked;
  const fits = (value: string) => values.some((one) => (kind === 'exact' ? value === one : value.startsWith(one)));
  const holds = (input: RouteInput) => {
    const value = read(input);
    return value !== undefined && fits(value);
  };
  const key: RouteKey<RouteInput> = { dimension, kind, values, read };
  return { check: check(`${dimension} ${kind}`, holds), key };
}

function compile({ exactModel, prefix, header, paths }: Authored): RouteCondition {
  const readModel: Read = (input) => input.model;
  const model =
    exactModel !== undefined
      ? part('model', readModel, { kind: 'exact', values: [exactModel] })
      : prefix !== undefined
        ? part('model', readModel, { kind: 'prefix', values: [prefix] })
        : undefined;
  const parts = [
    ...(header === undefined
      ? []
      : [
          part(`header ${header.name}`, (input) => input.header(header.name), {
            kind: 'exact',
            values: [header.value],
          }),
        ]),
    ...(paths === undefined ? [] : [part('path', (input) => input.path, { kind: 'prefix', values: paths })]),
  ];
  return {
    ...(model === undefined ? {} : { model: model.check }),
    checks: parts.map((one) => one.check),
    keys: [...(model === undefined ? [] : [model]), ...parts].map((one) => one.key),
  };
}

function holdsPlainly(condition: Authored, input: RouteInput, withModel: boolean): boolean {
  const { exactModel, prefix, header, paths } = condition;
  if (withModel && exactModel !== undefined && input.model !== exactModel) return false;
  if (withModel && exactModel === undefined && prefix !== undefined) {
    if (input.model?.startsWith(prefix) !== true) return false;
  }
  if (header !== undefined && input.header(header.name) !== header.value) return false;
  return paths === undefined || paths.some((path) => input.path.startsWith(path));
}

test('the table finds what looking at every route in order finds', () => {
  const request = fc.record({
    model: fc.option(fc.constantFrom(...MODELS, 'c', 'abc'), { nil: undefined }),
    path: fc.constantFrom(...PATHS, '/v1/z', '/t1/more'),
    tier: fc.option(fc.constantFrom(...TIERS, '3'), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(authored, { maxLength: 40 }),
      fc.array(request, { minLength: 1, maxLength: 8 }),
      (list, requests) => {
        const entries: TableEntry<number>[] = list.map((one, route) => ({ condition: compile(one), route }));
        const table = createRouteTable(entries);
        for (const { model, path, tier } of requests) {
          const input: RouteInput = { model, path, header: (name) => (name === 'x-tier' ? tier : undefined) };
          const expected = list.findIndex((one) => holdsPlainly(one, input, true));
          assert.equal(table.find(input), expected === -1 ? undefined : expected);
          const all = list.flatMap((one, route) => (holdsPlainly(one, input, false) ? [route] : []));
          assert.deepEqual(table.findWithoutModel(input), all);
          const explained = table.explain(input).flatMap((verdict) => (verdict.holds ? [verdict.route] : []));
          assert.deepEqual(
            explained,
            list.flatMap((one, route) => (holdsPlainly(one, input, model !== undefined) ? [route] : [])),
          );
        }
      },
    ),
    { numRuns: 1000 },
  );
});

/** A table of ten thousand routes that counts how many of them one request tries. */
function countTried(entryOf: (route: number, tried: () => true) => RouteCondition, input: RouteInput) {
  let tried = 0;
  const count = (): true => {
    tried++;
    return true;
  };
  const entries = Array.from({ length: 10_000 }, (_, route) => ({ route, condition: entryOf(route, count) }));
  return { route: createRouteTable(entries).find(input), tried };
}

test('ten thousand routes are looked up, not tried, whatever tells them apart', () => {
  const input: RouteInput = { model: 'gpt-4o', path: '/t9999/chat', header: () => 'tenant-9999' };
  const header: Read = (one) => one.header('x-tenant');
  const parts = (route: number) => ({
    header: part('header x-tenant', header, { kind: 'exact', values: [`tenant-${route}`] }),
    path: part('path', (one) => one.path, { kind: 'prefix', values: [`/t${route}/`] }),
  });
  const model = part('model', (one) => one.model, { kind: 'exact', values: ['gpt-4o'] });
  for (const name of ['header', 'path'] as const) {
    const found = countTried((route, tried) => {
      const { check: own, key } = parts(route)[name];
      // The model is the same everywhere: looking it up would tell nothing apart.
      return { model: model.check, checks: [check('counted', tried), own], keys: [model.key, key] };
    }, input);
    assert.deepEqual(found, { route: 9999, tried: 1 }, name);
  }
});

const open: RouteCondition = { checks: [], keys: [] };
const nothing: RouteInput = { model: 'm', path: '/', header: () => undefined };

test('a condition that cannot be evaluated does not hold, is counted, and told of once', () => {
  const failing: RouteCondition = {
    checks: [
      check('cel x', () => {
        throw new Error('no such overload');
      }),
    ],
    keys: [],
  };
  const table = createRouteTable([
    { condition: failing, route: 'failing' },
    { condition: open, route: 'rest' },
  ]);
  const told: string[] = [];
  const input: RouteInput = { ...nothing, onFault: (condition, error) => told.push(`${condition}: ${error.message}`) };
  assert.equal(table.find(input), 'rest');
  assert.equal(table.find(input), 'rest');
  assert.deepEqual(told, ['cel x: no such overload']);
  assert.deepEqual(table.faults(), [{ condition: 'cel x', count: 2 }]);
  assert.deepEqual(table.explain(nothing)[0], {
    route: 'failing',
    match: 0,
    holds: false,
    checks: [{ words: 'cel x', holds: false, shown: 'it cannot be evaluated: no such overload' }],
  });
});

test('what is wrong with the request itself is not hidden', () => {
  const malformed = new GatewayError('malformed_request', 'The request body is not valid JSON.');
  const condition: RouteCondition = {
    checks: [
      check('body /x', () => {
        throw malformed;
      }),
    ],
    keys: [],
  };
  const table = createRouteTable([{ condition, route: 1 }]);
  assert.throws(() => table.find(nothing), malformed);
  assert.deepEqual(table.faults(), []);
});

test('the body fields that conditions read are known', () => {
  const entries = [['a', 'b'], ['b'], undefined].map((bodyFields, route) => ({
    route,
    condition: { ...open, ...(bodyFields === undefined ? {} : { bodyFields }) },
  }));
  assert.deepEqual(createRouteTable(entries).bodyFields, ['a', 'b']);
});
