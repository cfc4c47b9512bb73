import { parsePointer, valueAtPointer } from '../json/pointer.ts';
import type { JsonObject, JsonValue } from '../json/types.ts';
import type { RouteExpressionCompiler } from '../routing/route-expression.ts';
import type { RouteKey } from '../routing/route-index.ts';
import type { RouteCheck, RouteCondition, RouteInput, RoutePrincipal } from '../routing/route-table.ts';
import { compileGlobTest, compileValueMatch, type ValueMatchConfig, type ValueTest } from './compile-value-match.ts';
import type { RouteMatchConfig } from './config-types.ts';

type Key = RouteKey<RouteInput>;

/** A check, and the lookup that narrows it down. */
interface Part {
  check: RouteCheck;
  key?: Key;
  bodyFields?: readonly string[];
}

/** Values of the request are cut in explanations. */
const MAX_SHOWN = 80;

function show(value: JsonValue | undefined): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return `the request has ${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text}`;
}

/** A value of the request that conditions look at. */
interface Place {
  /** In words, such as `header x-tier`. */
  name: string;
  read(input: RouteInput): JsonValue | undefined;
}

interface TextPlace extends Place {
  read(input: RouteInput): string | undefined;
}

function oneValue(place: Place, test: ValueTest): Part {
  return {
    check: {
      words: `${place.name} ${test.words}`,
      holds: (input) => test.holds(place.read(input)),
      shown: (input) => show(place.read(input)),
    },
  };
}

/** A condition on a text that is cheap to read: found by lookup where only some values can hold. */
function onText(place: TextPlace, test: ValueTest): Part {
  const part = oneValue(place, test);
  const { key } = test;
  if (key === undefined) return part;
  return { ...part, key: { dimension: place.name, kind: key.kind, values: [key.value], read: place.read } };
}

/** Any of several conditions on one text. */
function anyOf(place: TextPlace, tests: readonly ValueTest[]): Part {
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return onText(place, only);
  const check: RouteCheck = {
    words: `${place.name} ${tests.map((test) => test.words).join(' or ')}`,
    holds: (input) => {
      const value = place.read(input);
      return tests.some((test) => test.holds(value));
    },
    shown: (input) => show(place.read(input)),
  };
  const keys = tests.map((test) => test.key);
  const kind = keys[0]?.kind;
  if (kind === undefined || keys.some((key) => key?.kind !== kind)) return { check };
  return {
    check,
    key: { dimension: place.name, kind, values: keys.flatMap((key) => key?.value ?? []), read: place.read },
  };
}

/** One of several names. */
function oneOf(place: TextPlace, names: readonly string[]): Part {
  const wanted = new Set(names);
  return {
    check: {
      words: `${place.name} is ${names.map((name) => JSON.stringify(name)).join(' or ')}`,
      holds: (input) => {
        const value = place.read(input);
        return value !== undefined && wanted.has(value);
      },
      shown: (input) => show(place.read(input)),
    },
    key: { dimension: place.name, kind: 'exact', values: names, read: place.read },
  };
}

const MODEL: TextPlace = { name: 'model', read: (input) => input.model };
const HOST: TextPlace = { name: 'host', read: (input) => input.host };
const PATH: TextPlace = { name: 'path', read: (input) => input.path };
const METHOD: TextPlace = { name: 'method', read: (input) => input.method };
const OPERATION: TextPlace = { name: 'operation', read: (input) => input.operation };

function principalPlace(name: keyof RoutePrincipal): TextPlace {
  return { name, read: (input) => input.principal?.[name] };
}

function flag(name: string, read: (input: RouteInput) => boolean | undefined, wanted: boolean): Part {
  return {
    check: {
      words: `${name} is ${wanted}`,
      holds: (input) => read(input) === wanted,
      shown: (input) => show(read(input)),
    },
  };
}

function promptTokens({
  min = 0,
  max = Number.POSITIVE_INFINITY,
}: NonNullable<RouteMatchConfig['prompt_tokens']>): Part {
  const bounds = [
    ...(min > 0 ? [`at least ${min}`] : []),
    ...(max === Number.POSITIVE_INFINITY ? [] : [`at most ${max}`]),
  ];
  return {
    check: {
      words: `prompt_tokens is ${bounds.length === 0 ? 'any' : bounds.join(' and ')}`,
      holds: (input) => {
        const tokens = input.promptTokens?.();
        return tokens !== undefined && tokens >= min && tokens <= max;
      },
      shown: (input) => show(input.promptTokens?.()),
    },
  };
}

function bodyField(pointer: string, match: ValueMatchConfig): Part {
  const steps = parsePointer(pointer);
  const place: Place = { name: `body ${pointer}`, read: (input) => valueAtPointer(input.body?.(), steps) };
  return { ...oneValue(place, compileValueMatch(match)), bodyFields: steps.slice(0, 1) };
}

function claimAt(claims: JsonObject | undefined, path: string, steps: readonly string[]): JsonValue | undefined {
  if (claims === undefined) return undefined;
  // Issuers write whole URLs as names, dots and all.
  return Object.hasOwn(claims, path) ? claims[path] : valueAtPointer(claims, steps);
}

function claim(path: string, match: ValueMatchConfig): Part {
  const steps = path.startsWith('/') ? parsePointer(path) : path.split('.');
  const place: Place = { name: `claim ${path}`, read: (input) => claimAt(input.claims, path, steps) };
  const test = compileValueMatch(match);
  const { check } = oneValue(place, test);
  const holds = (input: RouteInput) => {
    const value = place.read(input);
    return test.holds(value) || (Array.isArray(value) && value.some((one) => test.holds(one)));
  };
  const negative = typeof match === 'object' && match !== null && 'present' in match;
  return { check: negative ? check : { ...check, holds } };
}

function expression(text: string, compile: RouteExpressionCompiler): Part {
  const compiled = compile(text);
  return {
    check: { words: `cel ${text}`, holds: compiled.holds, shown: compiled.shown },
    bodyFields: compiled.bodyFields,
  };
}

/** `*.example.com` is the names below, `*` any. */
function hostTest(pattern: string): ValueTest {
  return compileGlobTest(pattern.toLowerCase());
}

function pathTest(match: NonNullable<RouteMatchConfig['paths']>[number]): ValueTest {
  return compileValueMatch(match);
}

function modelTest(model: RouteMatchConfig['model']): ValueTest | undefined {
  if (model === undefined || model === '*') return undefined;
  if (typeof model === 'string') return compileGlobTest(model);
  return 'glob' in model && model.glob === '*' ? undefined : compileValueMatch(model);
}

/** Every condition but the one on the model, the cheap ones first. */
function compileParts(match: RouteMatchConfig, compile: RouteExpressionCompiler): Part[] {
  const { methods, hosts, paths, operations, stream, tools, prompt_tokens, cel } = match;
  const names = [
    ['key', match.keys],
    ['user', match.users],
    ['team', match.teams],
    ['organization', match.organizations],
  ] as const;
  return [
    ...(methods === undefined ? [] : [oneOf(METHOD, methods)]),
    ...(operations === undefined ? [] : [oneOf(OPERATION, operations)]),
    ...(stream === undefined ? [] : [flag('stream', (input) => input.stream, stream)]),
    ...(hosts === undefined ? [] : [anyOf(HOST, hosts.map(hostTest))]),
    ...(paths === undefined ? [] : [anyOf(PATH, paths.map(pathTest))]),
    ...names.flatMap(([name, wanted]) => (wanted === undefined ? [] : [oneOf(principalPlace(name), wanted)])),
    ...Object.entries(match.headers).map(([name, value]) =>
      onText({ name: `header ${name}`, read: (input) => input.header(name) }, compileValueMatch(value)),
    ),
    ...Object.entries(match.query ?? {}).map(([name, value]) =>
      onText({ name: `query ${name}`, read: (input) => input.query?.().get(name) }, compileValueMatch(value)),
    ),
    ...Object.entries(match.claims ?? {}).map(([path, value]) => claim(path, value)),
    ...(tools === undefined ? [] : [flag('tools', (input) => input.tools?.(), tools)]),
    ...(prompt_tokens === undefined ? [] : [promptTokens(prompt_tokens)]),
    ...Object.entries(match.body ?? {}).map(([pointer, value]) => bodyField(pointer, value)),
    ...(cel === undefined ? [] : [expression(cel, compile)]),
  ];
}

/** Compiles a match. Throws Error for a pattern, pointer or expression that is not valid. */
export function compileCondition(match: RouteMatchConfig, compile: RouteExpressionCompiler): RouteCondition {
  const model = modelTest(match.model);
  const modelPart = model === undefined ? undefined : onText(MODEL, model);
  const parts = compileParts(match, compile);
  const all = modelPart === undefined ? parts : [modelPart, ...parts];
  return {
    ...(modelPart === undefined ? {} : { model: modelPart.check }),
    checks: parts.map((part) => part.check),
    keys: all.flatMap((part) => part.key ?? []),
    bodyFields: parts.flatMap((part) => part.bodyFields ?? []),
  };
}

/** The only model that a match takes; undefined when it takes several. */
export function exactModel(match: RouteMatchConfig): string | undefined {
  const key = modelTest(match.model)?.key;
  return key?.kind === 'exact' ? key.value : undefined;
}

/** Whether a match takes every model. */
export function isAnyModel(match: RouteMatchConfig): boolean {
  return modelTest(match.model) === undefined;
}

/** Whether a match takes requests whoever sends them and whatever they carry beside the model. */
export function isOpenMatch(match: RouteMatchConfig): boolean {
  const { headers, query, body, claims, keys, users, teams, organizations, hosts, cel } = match;
  const conditions = [query, body, claims, keys, users, teams, organizations, hosts, cel];
  return Object.keys(headers).length === 0 && conditions.every((condition) => condition === undefined);
}
