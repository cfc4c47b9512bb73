import { z } from 'zod';
import type { AdminAnswer } from './answer.ts';
import { parseInput, queryFields } from './input.ts';
import type { AdminPort } from './port.ts';
import { type BodyRules, JSON_BODY, parseJson } from './read-body.ts';
import type { Access, Actor } from './roles.ts';

/** What a change tells the audit log; handlers fill it in as far as they know. */
export interface ChangeNote {
  /** What is changed, such as `key:0Ab…`. */
  target: string;
  /** JSON without secrets. */
  before: Readonly<Record<string, unknown>> | null;
  after: Readonly<Record<string, unknown>> | null;
}

/** What a route may read of a request. */
export interface AdminRequest {
  /** A header by lower-case name. */
  header(name: string): string | undefined;
  /** The parts of the path that stand in braces in the route's path. */
  readonly params: Readonly<Record<string, string>>;
  /** Who calls. */
  readonly actor: Actor;
  readonly nowMs: number;
  readonly requestId: string;
  /** What is written to the audit log when the route changes something. */
  readonly change: ChangeNote;
  /** Query parameters as they were sent. */
  readonly search: URLSearchParams;
  /** Reads the body. Throws AdminError 413 or 415. */
  readText(rules: BodyRules): Promise<string>;
}

/** One answer of a route, as the OpenAPI document shows it. */
export interface AnswerSpec {
  readonly description: string;
  /** Undefined: no JSON body. */
  readonly schema?: z.ZodType;
  /** Default: JSON. */
  readonly contentType?: string;
  /** Whether the answer has an `etag`. */
  readonly etag?: boolean;
}

/** How a route treats `if-match`: `required` answers 428 without it. */
export type IfMatch = 'required' | 'optional';

/** One method of one path. */
export interface AdminRoute {
  /** `GET` also answers `HEAD`. */
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Path without query; a segment in braces takes an id. */
  readonly path: string;
  /** Who may call at least. */
  readonly access: Access;
  /** Name of the operation in the OpenAPI document and in clients made from it: never changes. */
  readonly operationId: string;
  /** What it does, in a line. */
  readonly summary: string;
  readonly tag: string;
  /** What the audit log calls it, such as `key.issue`; every route that changes something has one. */
  readonly action?: string | undefined;
  readonly query?: z.ZodObject | undefined;
  /** A JSON body. */
  readonly body?: z.ZodType | undefined;
  /** A body of text; the media types that it may have. */
  readonly textBody?: readonly string[] | undefined;
  readonly ifMatch?: IfMatch | undefined;
  /** The answers of success, by status. All others are the error object. */
  readonly answers: Readonly<Record<number, AnswerSpec>>;
  /** Answers a request. An AdminError that is thrown becomes the answer. */
  handle(port: AdminPort, request: AdminRequest): AdminAnswer | Promise<AdminAnswer>;
}

/** A request whose query and body are what the route's schemas made of them. */
export type CheckedRequest<Query, Body> = AdminRequest & { readonly query: Query; readonly body: Body };

const NO_QUERY = z.strictObject({});
const NO_BODY = z.undefined();

/** A route as it is written down: its handler gets query and body checked. */
export interface RouteDefinition<Query extends z.ZodObject, Body extends z.ZodType>
  extends Omit<AdminRoute, 'query' | 'body' | 'handle'> {
  readonly query?: Query;
  readonly body?: Body;
  handle(port: AdminPort, request: CheckedRequest<z.output<Query>, z.output<Body>>): AdminAnswer | Promise<AdminAnswer>;
}

/** Makes a route that refuses with 400 what its schemas do not take, unknown query parameters included. */
export function defineRoute<Query extends z.ZodObject = typeof NO_QUERY, Body extends z.ZodType = typeof NO_BODY>(
  definition: RouteDefinition<Query, Body>,
): AdminRoute {
  const { query: querySchema, body: bodySchema, handle, ...rest } = definition;
  return {
    ...rest,
    query: querySchema,
    body: bodySchema,
    async handle(port, request) {
      const query = parseInput(querySchema ?? NO_QUERY, queryFields(request.search)) as z.output<Query>;
      const body = (
        bodySchema === undefined ? undefined : parseInput(bodySchema, parseJson(await request.readText(JSON_BODY)))
      ) as z.output<Body>;
      return await handle(port, { ...request, query, body });
    },
  };
}
