import type { JsonObject } from '../json/types.ts';
import { createExpressionCompiler, ExpressionError } from './expression.ts';
import type { RouteInput, RoutePrincipal } from './route-table.ts';

/** A principal as expressions see it: what is unknown is the empty text. */
class Principal {
  readonly organization: string;
  readonly team: string;
  readonly user: string;
  readonly key: string;

  constructor({ organization = '', team = '', user = '', key = '' }: Partial<RoutePrincipal> = {}) {
    this.organization = organization;
    this.team = team;
    this.user = user;
    this.key = key;
  }
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/** What an expression may name, each found out when it is read. */
class RouteVariables {
  readonly #input: RouteInput;

  constructor(input: RouteInput) {
    this.#input = input;
  }

  get model(): string {
    return this.#input.model ?? '';
  }

  get path(): string {
    return this.#input.path;
  }

  get method(): string {
    return this.#input.method ?? '';
  }

  get host(): string {
    return this.#input.host ?? '';
  }

  get operation(): string {
    return this.#input.operation ?? '';
  }

  get stream(): boolean {
    return this.#input.stream === true;
  }

  get tools(): boolean {
    return this.#input.tools?.() === true;
  }

  get prompt_tokens(): bigint {
    return BigInt(this.#input.promptTokens?.() ?? 0);
  }

  get headers(): ReadonlyMap<string, string> {
    return this.#input.headers?.() ?? NOTHING;
  }

  get query(): ReadonlyMap<string, string> {
    return this.#input.query?.() ?? NOTHING;
  }

  get body(): JsonObject | null {
    return this.#input.body?.() ?? null;
  }

  get principal(): Principal {
    return new Principal(this.#input.principal);
  }

  get claims(): JsonObject {
    return this.#input.claims ?? {};
  }

  get source_ip(): string {
    return this.#input.sourceIp ?? '';
  }
}

/** A condition written as an expression. */
export interface RouteExpression {
  /** Top-level fields of the body that it names. */
  readonly bodyFields: readonly string[];
  /** False also when it names what is not there. Throws Error when it has no answer for another reason. */
  holds(input: RouteInput): boolean;
  /** What it says, in words. Throws as `holds` does. */
  shown(input: RouteInput): string;
}

/** Compiles conditions. Throws Error with a readable message for one that cannot be used. */
export type RouteExpressionCompiler = (text: string) => RouteExpression;

/** Makes a compiler of route conditions in CEL; the variables are those of docs/routing.md. */
export function createRouteExpressionCompiler(): RouteExpressionCompiler {
  const text = 'string';
  const compile = createExpressionCompiler({
    variables: {
      model: text,
      path: text,
      method: text,
      host: text,
      operation: text,
      stream: 'bool',
      tools: 'bool',
      prompt_tokens: 'int',
      headers: 'map<string, string>',
      query: 'map<string, string>',
      body: 'dyn',
      principal: 'Principal',
      claims: 'map<string, dyn>',
      source_ip: text,
    },
    types: { Principal: { ctor: Principal, fields: { organization: text, team: text, user: text, key: text } } },
    large: ['body', 'headers', 'query', 'claims'],
    results: ['bool'],
  });
  return (source) => {
    const expression = compile(source);
    const evaluate = (input: RouteInput): boolean => {
      const value = expression.evaluate(new RouteVariables(input));
      if (typeof value !== 'boolean') throw new Error('the expression says neither true nor false');
      return value;
    };
    return {
      bodyFields: [...(expression.reads.get('body') ?? [])],
      holds(input) {
        try {
          return evaluate(input);
        } catch (error) {
          if (error instanceof ExpressionError && error.missing) return false;
          throw error;
        }
      },
      shown(input) {
        try {
          return `it says ${evaluate(input)}`;
        } catch (error) {
          if (error instanceof ExpressionError && error.missing) return `it has no answer: ${error.message}`;
          throw error;
        }
      },
    };
  };
}
