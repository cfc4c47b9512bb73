import assert from 'node:assert/strict';
import { isObject, type JsonObject, type JsonValue } from '../../src/json/types.ts';
import { createAwsEventStreamFramer } from '../../src/streams/aws-event-stream.ts';
import type { AskOptions, Scenario } from './scenario.ts';

/** A call as a client reads it; `arguments` is JSON text. */
export interface CallReading {
  id: string;
  name: string;
  arguments: string;
}

/** Tokens, each count whole: `cached` is a part of `input`, thoughts are a part of `output`; undefined where the API does not tell. */
export interface UsageReading {
  input: number | undefined;
  cached: number | undefined;
  output: number;
}

/** All tokens of an answer. */
export function totalOf({ input = 0, output }: UsageReading): number {
  return input + output;
}

/** What a client makes of an answer. */
export interface Reading {
  text: string;
  thoughts: string;
  calls: CallReading[];
  /** In words common to all APIs; the API's own word where there is none. Empty before the end. */
  finish: string;
  usage: UsageReading | undefined;
  /** The message of an error inside a stream. */
  error: string | undefined;
  /** Whether the answer ended as its API says it must, with an error or without. */
  ended: boolean;
}

/** One client API: how a scenario is asked in it and how its answers are read. */
export interface ClientAdapter {
  readonly name: string;
  /** Content type of its streams. */
  readonly streamType: string;
  request(scenario: Scenario, options: AskOptions): { path: string; body: JsonObject };
  /** Why a scenario cannot be asked for in this API; undefined where it can. Absent: all of them can. */
  cannotAsk?(scenario: Scenario): string | undefined;
  /** Reads a whole answer; throws when it is not one of this API. */
  readWhole(body: JsonObject): Reading;
  /** Reads the bytes of a stream; throws when they are none of this API. */
  readStream(bytes: Buffer): Reading;
  /** The message of an error answer; throws when it is not one of this API. */
  readError(body: JsonObject): string;
}

/** A reading of nothing. */
export function emptyReading(): Reading {
  return { text: '', thoughts: '', calls: [], finish: '', usage: undefined, error: undefined, ended: false };
}

/** The word common to all APIs for a finish reason of one of them; throws on a word that the API does not have. */
export function finishWord(words: Readonly<Record<string, string>>, word: JsonValue | undefined): string {
  const common = typeof word === 'string' ? words[word] : undefined;
  assert.ok(common !== undefined, `unknown finish reason ${JSON.stringify(word)}`);
  return common;
}

/** A whole count of tokens; an absent one is none. */
export function tokenCount(value: JsonValue | undefined): number {
  if (value === undefined || value === null) return 0;
  assert.ok(typeof value === 'number' && Number.isInteger(value) && value >= 0, `no token count: ${String(value)}`);
  return value;
}

/** The value as an object; throws when it is none. */
export function objectIn(value: JsonValue | undefined, what: string): JsonObject {
  assert.ok(isObject(value), `${what} is no object: ${JSON.stringify(value)}`);
  return value;
}

/** The value as text; throws when it is none. */
export function textIn(value: JsonValue | undefined, what: string): string {
  assert.ok(typeof value === 'string', `${what} is no text: ${JSON.stringify(value)}`);
  return value;
}

/** One event of a stream. */
export interface StreamEvent {
  name: string;
  data: string;
}

/** The whole server-sent events in the bytes, comments aside. Throws when bytes of half an event are left. */
export function serverSentEvents(bytes: Buffer): StreamEvent[] {
  const blocks = bytes.toString('utf8').split(/\r?\n\r?\n/);
  assert.equal(blocks.pop(), '', 'the stream ends within an event');
  return blocks.flatMap((block) => {
    const lines = block.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith(':'));
    if (lines.length === 0) return [];
    const field = (name: string) =>
      lines.flatMap((line) => {
        assert.match(line, /^(?:event|data|id): /, 'a line that is no field');
        return line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : [];
      });
    return [{ name: field('event').join(''), data: field('data').join('\n') }];
  });
}

/** The JSON objects of a stream that has one a line. Throws when half a line is left. */
export function jsonLines(bytes: Buffer): JsonObject[] {
  const lines = bytes.toString('utf8').split('\n');
  assert.equal(lines.pop(), '', 'the stream ends within a line');
  return lines.map((line) => objectIn(JSON.parse(line) as JsonValue, 'a line'));
}

/** The messages of an AWS event stream, exceptions included. Throws when a message is broken or cut. */
export function awsEvents(bytes: Buffer): StreamEvent[] {
  const events: StreamEvent[] = [];
  const framer = createAwsEventStreamFramer(({ headers, payload }) => {
    assert.ok(headers[':message-type'] === 'event' || headers[':message-type'] === 'exception');
    const name = headers[':event-type'] ?? headers[':exception-type'] ?? '';
    events.push({ name, data: Buffer.from(payload).toString('utf8') });
  });
  framer.push(bytes);
  framer.end();
  return events;
}

/** The JSON object in an event. */
export function eventBody(event: StreamEvent): JsonObject {
  return objectIn(JSON.parse(event.data) as JsonValue, `event ${event.name}`);
}
