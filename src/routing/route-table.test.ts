import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { createRouteTable, type RouteCondition, type RouteInput, type TableEntry } from './route-table.ts';

const MODELS = ['a', 'b', 'ab', '__proto__'] as const;
const PATHS = ['/v1/x', '/v1/y'] as const;

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
    prefix: fc.constantFrom('a', 'b', ''),
    header: fc.record({ name: fc.constantFrom('x-tier', 'x-team'), value: fc.constantFrom('1', '2') }),
    paths: fc.subarray([...PATHS], { minLength: 1 }),
  },
  { requiredKeys: [] },
);

function compile({ exactModel, prefix, header, paths }: Authored): RouteCondition {
  return {
    ...(exactModel === undefined ? {} : { exactModel }),
    ...(exactModel !== undefined || prefix === undefined ? {} : { model: (text: string) => text.startsWith(prefix) }),
    headers: header === undefined ? [] : [{ name: header.name, test: (value) => value === header.value }],
    ...(paths === undefined ? {} : { paths: new Set(paths) }),
  };
}

function holdsPlainly(condition: Authored, input: RouteInput, withModel: boolean): boolean {
  const { exactModel, prefix, header, paths } = condition;
  if (withModel && exactModel !== undefined && input.model !== exactModel) return false;
  if (withModel && exactModel === undefined && prefix !== undefined) {
    if (input.model?.startsWith(prefix) !== true) return false;
  }
  if (header !== undefined && input.header(header.name) !== header.value) return false;
  return paths === undefined || paths.includes(input.path);
}

test('the table finds what looking at every route in order finds', () => {
  const request = fc.record({
    model: fc.option(fc.constantFrom(...MODELS, 'c'), { nil: undefined }),
    path: fc.constantFrom(...PATHS, '/v1/z'),
    tier: fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.array(authored, { maxLength: 12 }),
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
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('ten thousand exact routes are looked up, not tried', () => {
  let tried = 0;
  const entries = Array.from({ length: 10_000 }, (_, route) => ({
    route,
    condition: {
      exactModel: `model-${route}`,
      headers: [
        {
          name: 'x-tier',
          test: () => {
            tried++;
            return true;
          },
        },
      ],
    },
  }));
  const table = createRouteTable(entries);
  assert.equal(table.find({ model: 'model-9999', path: '/', header: () => undefined }), 9999);
  assert.equal(tried, 1);
});
