import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { compileSearch, type Matcher } from './pattern.ts';

/** Longest expression, in characters. */
const MAX_LENGTH = 4096;
/** Longest text that a pattern of more than linear constant cost is tried on. */
const MAX_PATTERN_TEXT = 64 * 1024;
/** The library's own `matches` runs on a backtracking engine: calls are led to this function instead. */
const MATCHES = 'matches_linear';
const LIMITS = { maxAstNodes: 2000, maxDepth: 64, maxListElements: 1000, maxMapEntries: 100, maxCallArguments: 8 };

/** Macros that go through a list, and those that bind the value of an optional. */
const LOOPS: readonly string[] = ['all', 'exists', 'exists_one', 'map', 'filter', 'optMap', 'optFlatMap'];
/** Methods whose cost is the receiver's length times the argument's. */
const SEARCHES: readonly string[] = ['contains', 'indexOf', 'lastIndexOf', 'split'];

/** A type of the Common Expression Language, such as `string` or `map<string, string>`. */
export type ExpressionType = string;

/** What expressions of one kind may use. */
export interface ExpressionOptions {
  readonly variables: Readonly<Record<string, ExpressionType>>;
  /** Types of their own: the class of the values, and their fields. */
  readonly types?: Readonly<
    Record<string, { ctor: new () => object; fields: Readonly<Record<string, ExpressionType>> }>
  >;
  /** Variables that a request can make as large as it likes: nothing may be done to them that costs more than linear time. */
  readonly large: readonly string[];
  /** The types of which an expression must have one; `dyn` is left to run time. */
  readonly results: readonly ExpressionType[];
}

/** The library's class of unsigned integers, which it makes but does not export. */
const Uint = (new Environment().evaluate('uint(0)') as { constructor: new (value: number) => object }).constructor;

/** A value for a variable of the type `uint`. */
export function createUint(value: number): object {
  return new Uint(value);
}

/** The number that an expression of an integer type gave; NaN for anything else. */
export function integerOf(value: unknown): number {
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value);
  return value instanceof Uint && 'value' in value ? Number(value.value) : Number.NaN;
}

/** Why an expression has no value for this request. */
export class ExpressionError extends Error {
  /** Whether it names something that is not there, such as a header that was not sent. */
  readonly missing: boolean;

  constructor(message: string, missing: boolean) {
    super(message);
    this.name = 'ExpressionError';
    this.missing = missing;
  }
}

/** A checked expression. */
export interface Expression {
  /** Names of variables that it reads, and which of their fields by name. */
  readonly reads: ReadonlyMap<string, ReadonlySet<string>>;
  /** The value for these variables, read as properties when they are needed. Throws ExpressionError. */
  evaluate(variables: object): unknown;
}

/** Compiles expressions. Throws Error with a readable message for one that cannot be used. */
export type ExpressionCompiler = (text: string) => Expression;

const MISSING: readonly string[] = ['no_such_key', 'index_out_of_bounds'];

interface LibraryError {
  code: string;
  summary: string;
  range?: { start: number };
}

function isLibraryError(error: unknown): error is LibraryError {
  return error instanceof Error && 'summary' in error && 'code' in error;
}

function refuse(message: string, node: Pick<ASTNode, 'start'>): Error {
  return new Error(`${message} (at character ${node.start + 1})`);
}

function readable(error: unknown): Error {
  if (!isLibraryError(error)) return error instanceof Error ? error : new Error(String(error));
  const summary = error.summary.replaceAll(MATCHES, 'matches').replace(/^./, (first) => first.toLowerCase());
  return new Error(error.range === undefined ? summary : `${summary} (at character ${error.range.start + 1})`);
}

/** The operands of a node that are expressions. */
function operands(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}

function fieldName(node: ASTNode): string | undefined {
  if (node.op === '.' || node.op === '.?') return node.args[1];
  if (node.op !== '[]' && node.op !== '[?]') return undefined;
  const index = node.args[1];
  return index.op === 'value' && typeof index.args === 'string' ? index.args : undefined;
}

interface Scope {
  /** Names that stand for what a request can make large. */
  large: ReadonlySet<string>;
  /** Within a loop: the only one of them that may be named, and the loop's name. */
  loop: { own: string; name: string } | undefined;
}

/** Walks an expression, refuses what could take more than linear time, and notes what it reads. */
class Walk {
  readonly reads = new Map<string, Set<string>>();
  readonly patterns: Map<string, Matcher>;
  readonly #variables: ExpressionOptions['variables'];

  constructor(options: ExpressionOptions, patterns: Map<string, Matcher>) {
    this.#variables = options.variables;
    this.patterns = patterns;
  }

  visit(node: ASTNode, scope: Scope): void {
    if (node.op === 'id') this.#name(node, node.args, scope);
    else if (node.op === 'rcall') this.#method(node, node.args, scope);
    else {
      this.#field(node);
      for (const operand of operands(node)) this.visit(operand, scope);
    }
  }

  #name(node: ASTNode, name: string, { large, loop }: Scope): void {
    if (loop !== undefined && name !== loop.own && large.has(name)) {
      const message = `within ${loop.name}() \`${name}\` would be gone through again for every \`${loop.own}\``;
      throw refuse(`${message}; name only \`${loop.own}\` there`, node);
    }
    if (Object.hasOwn(this.#variables, name) && name !== loop?.own && !this.reads.has(name)) {
      this.reads.set(name, new Set());
    }
  }

  #field(node: ASTNode): void {
    const name = fieldName(node);
    const of = name === undefined ? undefined : operands(node)[0];
    if (name === undefined || of?.op !== 'id' || !Object.hasOwn(this.#variables, of.args)) return;
    const fields = this.reads.get(of.args) ?? new Set();
    this.reads.set(of.args, fields.add(name));
  }

  #method(node: ASTNode, [name, receiver, args]: [string, ASTNode, ASTNode[]], scope: Scope): void {
    const [first] = args;
    if (name === MATCHES) throw refuse(`there is no function ${name}`, node);
    if (name === 'bind' && receiver.op === 'id' && receiver.args === 'cel') {
      throw refuse('cel.bind is not supported; write the value where it is used', node);
    }
    this.visit(receiver, scope);
    if (name === 'matches') this.#matches(node, args);
    if (LOOPS.includes(name) && first?.op === 'id') {
      const own = first.args;
      const inner: Scope = { large: new Set([...scope.large, own]), loop: { own, name } };
      for (const arg of args.slice(1)) this.visit(arg, inner);
      return;
    }
    const searches = SEARCHES.includes(name);
    for (const arg of args) {
      if (searches) this.#searched(arg, name, scope);
      this.visit(arg, scope);
    }
  }

  #matches(node: ASTNode, args: readonly ASTNode[]): void {
    const [pattern] = args;
    if (args.length !== 1 || pattern?.op !== 'value' || typeof pattern.args !== 'string') {
      throw refuse('matches() takes one pattern, written out as text', node);
    }
    try {
      this.patterns.set(pattern.args, compileSearch(pattern.args, { maxSlowText: MAX_PATTERN_TEXT }));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw refuse(`matches() takes RE2 syntax: ${reason}`, pattern);
    }
    // The node is of this parse alone, and not yet checked.
    (node.args as unknown[])[0] = MATCHES;
  }

  #searched(node: ASTNode, method: string, scope: Scope): void {
    if (node.op === 'id' && scope.large.has(node.args)) {
      throw refuse(`${method}() takes no text that the request chooses, such as \`${node.args}\``, node);
    }
    for (const operand of operands(node)) this.#searched(operand, method, scope);
  }
}

function createEnvironment(options: ExpressionOptions, patterns: ReadonlyMap<string, Matcher>): Environment {
  const environment = new Environment({ enableOptionalTypes: true, limits: LIMITS });
  for (const [name, type] of Object.entries(options.types ?? {})) environment.registerType(name, type);
  for (const [name, type] of Object.entries(options.variables)) environment.registerVariable(name, type);
  const matches = (text: string, pattern: string): boolean => {
    const matcher = patterns.get(pattern);
    if (matcher === undefined) throw new Error('the pattern was not compiled');
    return matcher(text);
  };
  // The documented option is missing from the library's types for signatures; it marks the function as synchronous.
  environment.registerFunction(`string.${MATCHES}(string): bool`, { handler: matches, async: false } as {
    handler: typeof matches;
  });
  return environment;
}

/**
 * Makes a compiler of CEL expressions (https://cel.dev, github.com/google/cel-spec). They are parsed, type-checked and
 * bounded here: length and nesting; linear-time patterns that are written out; no loop over a request's data within a loop
 * over other data of it. So evaluation takes time linear in the request.
 */
export function createExpressionCompiler(options: ExpressionOptions): ExpressionCompiler {
  const patterns = new Map<string, Matcher>();
  const environment = createEnvironment(options, patterns);
  return (text) => {
    if (text.length > MAX_LENGTH) throw new Error(`the expression is longer than ${MAX_LENGTH} characters`);
    const walk = new Walk(options, patterns);
    let run: (variables: object) => unknown;
    try {
      const parsed = environment.parse(text);
      walk.visit(parsed.ast, { large: new Set(options.large), loop: undefined });
      const { type, error } = parsed.check();
      if (error !== undefined) throw error;
      if (type !== 'dyn' && !options.results.includes(String(type))) {
        throw new Error(`the expression is of type ${type}; it must be of type ${options.results.join(' or ')}`);
      }
      run = parsed;
    } catch (error) {
      throw readable(error);
    }
    return {
      reads: walk.reads,
      evaluate(variables) {
        try {
          return run(variables);
        } catch (error) {
          if (!isLibraryError(error)) throw error;
          throw new ExpressionError(readable(error).message, MISSING.includes(error.code));
        }
      },
    };
  };
}
