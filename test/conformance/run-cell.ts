import assert from 'node:assert/strict';
import { isObject, type JsonObject } from '../../src/json/types.ts';
import type { RecordedRequest } from '../../src/mock/recorder.ts';
import { waitFor, within } from '../support/wait.ts';
import { jsonBody, outcomeOf, refusedByGateway, warningsOf } from './answers.ts';
import { FAILING, type Failure, type Feature, TOOLS } from './features.ts';
import type { Fleet, FleetAnswer } from './fleet.ts';
import type { CellOutcome } from './matrix.ts';
import type { Parameter } from './parameters.ts';
import type { ProviderRow } from './providers.ts';
import type { ClientAdapter } from './reading.ts';
import type { Scenario } from './scenario.ts';

/** Where a cell stands. */
export interface CellPlace {
  fleet: Fleet;
  client: ClientAdapter;
  provider: ProviderRow;
}

interface Asked {
  id: string;
  answer: FleetAnswer;
}

interface AskDetails {
  stream: boolean;
  /** Merged into the body. */
  fields?: JsonObject;
  headers?: Readonly<Record<string, string>> | undefined;
}

function idOf(place: CellPlace, name: string): string {
  return `${place.client.name}/${place.provider.name}/${name}`;
}

async function waitForSent(place: CellPlace, id: string): Promise<RecordedRequest[]> {
  await waitFor(`a request for ${id}`, () => place.fleet.sent(id).length > 0);
  return place.fleet.sent(id);
}

function merged(body: JsonObject, fields: JsonObject): JsonObject {
  const out = { ...body };
  for (const [name, value] of Object.entries(fields)) {
    const there = out[name];
    out[name] = isObject(value) && isObject(there) ? merged(there, value) : value;
  }
  return out;
}

async function ask(place: CellPlace, name: string, scenario: Scenario, details: AskDetails): Promise<Asked> {
  const { client, provider, fleet } = place;
  const id = idOf(place, name);
  const { path, body } = client.request(scenario, { model: provider.model, stream: details.stream });
  const { headers, fields = {} } = details;
  const post = fleet.post({ id, provider, path, body: merged(body, fields), headers });
  return { id, answer: await within(`an answer to ${id}`, post.answer) };
}

function checkStreamHead(place: CellPlace, answer: FleetAnswer): void {
  assert.ok(answer.headers['content-type']?.startsWith(place.client.streamType) === true, 'content type of the stream');
}

/** Runs a feature; throws when the cell is neither served, refused, warned of nor beyond the client's words. */
export async function runFeature(place: CellPlace, feature: Feature): Promise<CellOutcome> {
  const unasked = place.client.cannotAsk?.(feature.scenario);
  if (unasked !== undefined) return { kind: 'unasked', message: unasked };
  const asked = await ask(place, feature.name, feature.scenario, feature);
  const { id, answer } = asked;
  const { client, provider, fleet } = place;
  const refused = refusedByGateway(answer, fleet.sent(id), client.readError);
  if (refused !== undefined) return refused;
  assert.ok(answer.complete, 'the answer is cut');
  if (feature.stream) checkStreamHead(place, answer);
  const reading = feature.stream ? client.readStream(answer.body) : client.readWhole(jsonBody(answer));
  assert.equal(reading.error, undefined, 'an error in the stream');
  assert.ok(reading.ended, 'the answer has no end');
  const [sent, ...more] = fleet.sent(id);
  assert.ok(sent !== undefined && more.length === 0, `${more.length + (sent ? 1 : 0)} requests were sent`);
  assert.equal(sent.headers['x-aigw-gcp-access-token'], undefined, 'a credential was handed on');
  return outcomeOf(answer, () => feature.check({ reading, client, provider, sent: sent.body }));
}

/** Runs a request that fails at the provider; throws when the client does not get the error in its own API. */
export async function runFailure(place: CellPlace, failure: Failure): Promise<CellOutcome> {
  const { answer } = await ask(place, failure.name, FAILING, failure);
  assert.equal(answer.status, failure.status, `status; body: ${answer.body.toString('utf8').slice(0, 300)}`);
  for (const [name, value] of Object.entries(failure.answerHeaders ?? {})) {
    assert.equal(answer.headers[name], value, `header ${name}`);
  }
  if (failure.status !== 200) {
    assert.match(place.client.readError(jsonBody(answer)), failure.message, 'the error message');
    return { kind: 'ok' };
  }
  checkStreamHead(place, answer);
  const reading = place.client.readStream(answer.body);
  assert.match(reading.error ?? '', failure.message, 'the message of the error in the stream');
  assert.ok(reading.text.startsWith('You said: '), 'the text before the error');
  assert.equal(reading.finish, '', 'an answer that failed has no finish reason');
  return { kind: 'ok' };
}

/** What the client is told of a parameter: the warning or the error that names it. */
function sentenceOf(place: CellPlace, answer: FleetAnswer, parameter: Parameter): string {
  if (answer.status !== 200) return `refused: ${place.client.readError(jsonBody(answer))}`;
  const sentences = (warningsOf(answer) ?? '').split('; ');
  return sentences.find((sentence) => parameter.said.test(sentence)) ?? '';
}

/** Sends each parameter alone; throws when one is neither handed on nor named in a warning or an error. */
export async function runParameters(place: CellPlace, parameters: readonly Parameter[]): Promise<CellOutcome> {
  const lost: string[] = [];
  const told: { name: string; why: string }[] = [];
  for (const parameter of parameters) {
    const scenario: Scenario = parameter.tools === true ? { ...FAILING, tools: TOOLS } : FAILING;
    const name = `parameter ${parameter.name}`;
    const { id, answer } = await ask(place, name, scenario, { stream: false, fields: parameter.fields });
    const body = answer.body.toString('utf8');
    const [sent] = place.fleet.sent(id);
    // The provider itself may refuse what its own client made up.
    const said = answer.status === 200 ? (warningsOf(answer) ?? '') : body;
    if (answer.status !== 200 && sent !== undefined && !parameter.said.test(body)) lost.push(`${name}: ${body}`);
    else if (sent !== undefined && parameter.carried.test(sent.body)) continue;
    else if (!parameter.said.test(said)) lost.push(`${name}: ${answer.status}, warnings: ${said}; sent: ${sent?.body}`);
    else told.push({ name: parameter.name, why: sentenceOf(place, answer, parameter) });
  }
  assert.deepEqual(lost, []);
  return { kind: 'ok', asked: parameters.length, told };
}

/** A client that leaves while the answer is made; throws when the provider does not notice at once. */
export async function runAbort(place: CellPlace, { stream }: { stream: boolean }): Promise<CellOutcome> {
  const headers = { 'x-mock-tokens': '4000', 'x-mock-tokens-per-second': '400' };
  const id = idOf(place, stream ? 'client leaves stream' : 'client leaves');
  const { path, body } = place.client.request(FAILING, { model: place.provider.model, stream });
  const leave = new AbortController();
  const post = place.fleet.post({ id, provider: place.provider, path, body, headers, signal: leave.signal });
  const [sent] = await waitForSent(place, id);
  // A stream is left in its middle, a whole answer before anything of it is there.
  if (stream) await within(`the first bytes of ${id}`, Promise.race([post.begun, post.answer]));
  leave.abort();
  assert.ok(sent !== undefined, 'nothing was sent');
  assert.equal(await within('the provider to notice', sent.settled, 3000), 'client-gone');
  return { kind: 'ok' };
}
