import type { TestContext } from 'node:test';
import { isObject, type JsonObject, type JsonValue } from '../json/types.ts';
import type { MockOptions } from './options.ts';
import { createMockServer, type MockServer } from './server.ts';

/** A mock that listens until the test ends, and how to ask it. */
export interface MockFixture {
  mock: MockServer;
  url: string;
  post(path: string, body: JsonValue, headers?: Record<string, string>): Promise<MockAnswer>;
  get(path: string, headers?: Record<string, string>, method?: string): Promise<MockAnswer>;
}

/** An answer read whole. */
export interface MockAnswer {
  status: number;
  headers: Headers;
  bytes: Buffer;
  text: string;
  /** The body as JSON object; empty when it is none. */
  json: JsonObject;
  /** The data of its server-sent events, `[DONE]` left out. */
  events: JsonObject[];
}

/** Starts a mock with a fixed seed. */
export async function startMock(t: TestContext, options: MockOptions = {}): Promise<MockFixture> {
  const mock = createMockServer({ seed: 1, ...options });
  t.after(() => mock.close());
  const { url } = await mock.listen();
  return {
    mock,
    url,
    async post(path, body, headers = {}) {
      const sent = { 'content-type': 'application/json', ...headers };
      return read(await fetch(url + path, { method: 'POST', headers: sent, body: JSON.stringify(body) }));
    },
    async get(path, headers = {}, method = 'GET') {
      return read(await fetch(url + path, { method, headers }));
    },
  };
}

/** The value at a path such as `choices.0.message.content`; undefined where it ends. */
export function at(value: JsonValue | undefined, path: string): JsonValue | undefined {
  let here = value;
  for (const step of path.split('.')) {
    if (Array.isArray(here)) here = here[Number(step)];
    else here = isObject(here) ? here[step] : undefined;
  }
  return here;
}

/** The texts at `path` of all events, joined. */
export function joined(events: readonly JsonObject[], path: string): string {
  return events.map((event) => at(event, path) ?? '').join('');
}

async function read(response: Response): Promise<MockAnswer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString('utf8');
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    text,
    json: parseObject(text),
    events: text
      .split('\n')
      .filter((line) => line.startsWith('data:') && !line.includes('[DONE]'))
      .map((line) => parseObject(line.slice(5))),
  };
}

function parseObject(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as JsonValue;
    return isObject(value) ? value : {};
  } catch {
    // Not JSON: the caller looks at the text.
    return {};
  }
}
