import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { GatewayError } from '../errors/gateway-error.ts';
import type { Credential, CredentialEnvironment, HttpCall, SignableRequest } from './credential.ts';

/** One call as credentials make it. */
export type FakeCall = Parameters<HttpCall>[0];

/** What a fake service answers: an object is sent as JSON, an error is thrown. */
export type FakeAnswer = { status?: number; body: string | object } | Error;

/** An environment whose clock, files, variables and services the test holds. */
export interface FakeEnvironment extends CredentialEnvironment {
  calls: FakeCall[];
  files: Map<string, string>;
  clock: { ms: number };
  answer: (call: FakeCall) => FakeAnswer | Promise<FakeAnswer>;
}

/** 2026-03-01T12:00:00Z. */
export const NOON_MS = Date.UTC(2026, 2, 1, 12);

/** Makes a fake environment; without `answer` every call is a failure. */
export function fakeEnvironment(
  given: {
    env?: Record<string, string>;
    files?: Record<string, string>;
    answer?: (call: FakeCall) => FakeAnswer | Promise<FakeAnswer>;
  } = {},
): FakeEnvironment {
  const environment: FakeEnvironment = {
    calls: [],
    files: new Map(Object.entries(given.files ?? {})),
    clock: { ms: NOON_MS },
    answer: given.answer ?? ((call) => new Error(`nothing listens at ${call.url}`)),
    async http(call) {
      environment.calls.push(call);
      const answer = await environment.answer(call);
      if (answer instanceof Error) throw answer;
      const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
      return { status: answer.status ?? 200, headers: {}, body };
    },
    now: () => environment.clock.ms,
    env: given.env ?? {},
    async readFile(path) {
      const text = environment.files.get(path);
      if (text === undefined)
        throw Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: 'ENOENT' });
      return text;
    },
    homeDirectory: '/home/ada',
  };
  return environment;
}

/** Makes a request to a provider; `client` are the headers of the client's request. */
export function fakeRequest(
  given: Partial<Omit<SignableRequest, 'clientHeader'>> & { client?: Record<string, string> } = {},
): SignableRequest {
  return {
    method: given.method ?? 'POST',
    host: given.host ?? 'api.example.com',
    path: given.path ?? '/v1/chat/completions',
    headers: given.headers ?? ['content-type', 'application/json'],
    body: given.body ?? Buffer.from('{}'),
    clientHeader: (name) => given.client?.[name],
  };
}

/** Applies a credential that must do so at once. */
export function applyNow(credential: Credential, request: SignableRequest): void {
  assert.equal(credential.apply(request), undefined);
}

/** The only value of a header; fails when it stands there more than once. */
export function headerOf(request: SignableRequest, name: string): string | undefined {
  const values = request.headers.filter((_, index) => index % 2 === 1 && request.headers[index - 1] === name);
  assert.ok(values.length <= 1, `${name} stands there ${values.length} times`);
  return values[0];
}

/** The fields of a call's form body. */
export function formOf(call: FakeCall | undefined): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(call?.body ?? ''));
}

/** Checks that a failure is `credential_unavailable`, matches `message` and shows none of the secrets, however deep it is printed. */
export async function assertUnavailable(
  attempt: () => unknown,
  message: RegExp,
  secrets: readonly string[] = [],
): Promise<void> {
  await assert.rejects(
    async () => attempt(),
    (error: unknown) => {
      assert.ok(GatewayError.is(error), inspect(error));
      assert.equal(error.code, 'credential_unavailable');
      assert.equal(error.status, 503);
      assert.match(error.publicMessage, message);
      const printed = inspect(error, { depth: 10, showHidden: true });
      for (const secret of secrets) assert.ok(!printed.includes(secret), `prints ${secret}: ${printed}`);
      return true;
    },
  );
}
