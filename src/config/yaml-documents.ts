import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, visit } from 'yaml';
import { type ConfigIssue, type ConfigPath, type ConfigPlace, placeIssue, type UnplacedIssue } from './issue.ts';
import { MAX_DEPTH, parseYaml, type YamlTree } from './yaml-parse.ts';

/** Most values a document may have once its aliases are followed. */
const MAX_VALUES = 1_000_000;

/** One document of a source, its text values read (variables filled in). */
export interface SourceDocument {
  readonly file: string;
  /** Maps, lists, strings, numbers, booleans and null, as JSON has them. */
  readonly value: unknown;
  /**
   * Where the value at `path` stands, or its key; line and column count from 1. For a path that is not
   * there: the place of the nearest parent that is.
   */
  locate(path: ConfigPath, part?: 'key' | 'value'): { line: number; column: number };
  /** The text value at `path` as it stands in the file, before variables are filled in. */
  written?(path: ConfigPath): string | undefined;
}

/** A text value on its way into a document. */
export interface ScalarText {
  path: ConfigPath;
  text: string;
  /** Whether it is written without quotes. */
  plain: boolean;
}

/** What a text value becomes. */
export interface ScalarReading {
  value: unknown;
  /** What is wrong with it; `at` is a part of the written text to point at. */
  problems: readonly { message: string; fix?: string; at?: string }[];
}

/** Reads one text value: fills in variables, follows references. */
export type ScalarReader = (scalar: ScalarText) => ScalarReading;

/** One document of a source before its text values are read. */
export interface UnreadDocument {
  readonly file: string;
  /** Where it begins. */
  readonly line: number;
  readonly column: number;
  /** The text of a top-level field such as `kind`; undefined when it is absent or not text. */
  field(name: string): string | undefined;
  /** Whether there is such a top-level field. */
  has(name: string): boolean;
  read(reader: ScalarReader): { document: SourceDocument; issues: ConfigIssue[] };
}

/** Splits a text into its documents; empty ones are left out. With errors among the issues there are none. */
export function parseDocuments(file: string, text: string): { documents: UnreadDocument[]; issues: ConfigIssue[] } {
  const { trees: parsed, lines, issues } = parseYaml(file, text);
  if (issues.some((issue) => issue.severity === 'error')) return { documents: [], issues };
  const placeOf = (offset: number): ConfigPlace => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const documents = parsed
    .filter((tree) => tree.contents !== null && !(isScalar(tree.contents) && tree.contents.value === null))
    .map((tree) => unreadDocument({ root: tree.contents, aliases: aliasTargets(tree) }, { text, placeOf }));
  return { documents, issues };
}

/** A syntax tree whose aliases can be followed. */
interface Tree {
  root: Node | null;
  aliases: ReadonlyMap<Alias, Node>;
}

/** What each alias stands for: the last node before it that has its anchor. */
function aliasTargets(tree: YamlTree): Map<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(tree, {
    Alias(_, alias) {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value(_, node) {
      if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

interface TreeContext {
  text: string;
  placeOf(offset: number): ConfigPlace;
}

function unreadDocument(tree: Tree, context: TreeContext): UnreadDocument {
  const { root } = tree;
  const field = (name: string): Node | undefined => (isMap(root) ? childOf(root, name)?.value : undefined);
  return {
    ...context.placeOf(root?.range?.[0] ?? 0),
    field(name) {
      const node = resolve(tree, field(name));
      return isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
    },
    has: (name) => field(name) !== undefined,
    read: (reader) => readTree(tree, context, reader),
  };
}

function readTree(
  tree: Tree,
  context: TreeContext,
  reader: ScalarReader,
): { document: SourceDocument; issues: ConfigIssue[] } {
  const issues: ConfigIssue[] = [];
  let values = 0;

  const report = (issue: Omit<UnplacedIssue, 'severity'>, offset: number) => {
    issues.push(placeIssue({ ...issue, severity: 'error' }, context.placeOf(offset)));
  };

  const readScalar = (node: Scalar, path: ConfigPath): unknown => {
    if (typeof node.value !== 'string') return node.value;
    const reading = reader({ path, text: node.value, plain: node.type === 'PLAIN' });
    const [start, end] = node.range ?? [0, 0];
    for (const { at, ...problem } of reading.problems) {
      const found = at === undefined ? -1 : context.text.slice(start, end).indexOf(at);
      report({ path, ...problem }, start + Math.max(found, 0));
    }
    return reading.value;
  };

  const readNode = (node: Node | null | undefined, path: ConfigPath): unknown => {
    values++;
    const target = resolve(tree, node);
    const offset = node?.range?.[0] ?? 0;
    if (values > MAX_VALUES || path.length > MAX_DEPTH) {
      if (values <= MAX_VALUES || values === MAX_VALUES + 1) {
        report({ path, message: 'aliases make this document too large', fix: 'use fewer aliases' }, offset);
        values = MAX_VALUES + 1;
      }
      return null;
    }
    if (isScalar(target)) return readScalar(target, path);
    if (isSeq(target)) return target.items.map((item, index) => readNode(item as Node, [...path, index]));
    if (!isMap(target)) {
      if (isAlias(node)) report({ path, message: `no anchor &${node.source} stands before this alias` }, offset);
      return null;
    }
    const entries: [string, unknown][] = [];
    for (const { key, value } of target.items) {
      const name = keyOf(key);
      const keyOffset = (key as Node | null)?.range?.[0] ?? offset;
      if (name === undefined) report({ path, message: 'a key must be text' }, keyOffset);
      else if (name === '<<') {
        report({ path, message: 'merge keys (<<) are not supported', fix: 'write the fields out' }, keyOffset);
      } else entries.push([name, readNode(value as Node | null, [...path, name])]);
    }
    return Object.fromEntries(entries);
  };

  const value = readNode(tree.root, []);
  const document: SourceDocument = {
    file: context.placeOf(0).file,
    value,
    locate(path, part = 'value') {
      const { line, column } = context.placeOf(offsetOf(tree, path, part));
      return { line, column };
    },
    written(path) {
      const node = follow(tree, path).node;
      return isScalar(node) && typeof node.value === 'string' ? node.value : undefined;
    },
  };
  return { document, issues };
}

function resolve(tree: Tree, node: Node | null | undefined): Node | null | undefined {
  return isAlias(node) ? tree.aliases.get(node) : node;
}

/** A key as JSON would have it; undefined for lists, maps and nothing. */
function keyOf(key: unknown): string | undefined {
  if (!isScalar(key) || key.value === null || typeof key.value === 'object') return undefined;
  return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
}

function childOf(parent: Node, step: string | number): { key?: Node; value: Node | undefined } | undefined {
  if (isSeq(parent) && typeof step === 'number') {
    const item = parent.items[step];
    return item === undefined ? undefined : { value: item as Node };
  }
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find(({ key }) => keyOf(key) === String(step));
  return pair === undefined
    ? undefined
    : { key: pair.key as Node, value: (pair.value ?? undefined) as Node | undefined };
}

/** The node at `path`, or the nearest parent of it; `key` is that node's key. */
function follow(tree: Tree, path: ConfigPath): { node: Node | undefined; key: Node | undefined; found: boolean } {
  let node: Node | undefined = tree.root ?? undefined;
  let key: Node | undefined;
  for (const step of path) {
    const parent = resolve(tree, node);
    const child = parent ? childOf(parent, step) : undefined;
    if (child === undefined) return { node, key, found: false };
    key = child.key;
    node = child.value ?? child.key;
  }
  return { node, key, found: true };
}

function offsetOf(tree: Tree, path: ConfigPath, part: 'key' | 'value'): number {
  const { node, key, found } = follow(tree, path);
  const chosen = part === 'key' && found ? (key ?? node) : node;
  return chosen?.range?.[0] ?? tree.root?.range?.[0] ?? 0;
}
