import assert from 'node:assert/strict';
import { isObject, type JsonObject, type JsonValue } from '../../../src/json/types.ts';
import { objectOf, objectsOf, stringOf } from '../../../src/mock/json-read.ts';
import {
  type ClientAdapter,
  emptyReading,
  eventBody,
  finishWord,
  objectIn,
  type Reading,
  serverSentEvents,
  textIn,
  tokenCount,
  totalOf,
} from '../reading.ts';
import type { Scenario, ScenarioTurn } from '../scenario.ts';

const FINISH = { STOP: 'stop', MAX_TOKENS: 'length', SAFETY: 'content-filter' };
const THINKING_BUDGET = 1024;

/** A JSON Schema in Gemini's spelling: type names in capitals, no `additionalProperties`. */
function openApiSchema(schema: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'additionalProperties') continue;
    if (name === 'type') out[name] = stringOf(value).toUpperCase();
    else if (name === 'properties' && isObject(value)) {
      out[name] = Object.fromEntries(
        Object.entries(value).map(([key, inner]) => [key, openApiSchema(objectOf(inner))]),
      );
    } else out[name] = name === 'items' ? openApiSchema(objectOf(value)) : value;
  }
  return out;
}

function content(turn: ScenarioTurn): JsonObject {
  switch (turn.role) {
    case 'user':
      return {
        role: 'user',
        parts: [
          { text: turn.text },
          ...(turn.image === undefined ? [] : [{ inlineData: { mimeType: 'image/png', data: turn.image } }]),
        ],
      };
    case 'assistant':
      return {
        role: 'model',
        parts: [
          ...(turn.text === undefined ? [] : [{ text: turn.text }]),
          ...(turn.calls ?? []).map((call, index) => ({
            functionCall: { name: call.name, args: call.arguments },
            // What Google's guide gives for histories that another model wrote.
            ...(index === 0 ? { thoughtSignature: 'skip_thought_signature_validator' } : {}),
          })),
        ],
      };
    case 'tool':
      return {
        role: 'user',
        parts: turn.results.map((result) => ({
          functionResponse: { name: result.name, response: { result: result.text } },
        })),
      };
  }
}

function body(scenario: Scenario): JsonObject {
  const config: JsonObject = {
    ...(scenario.maxTokens === undefined ? {} : { maxOutputTokens: scenario.maxTokens }),
    ...(scenario.stop === undefined ? {} : { stopSequences: [scenario.stop] }),
    ...(scenario.think === true ? { thinkingConfig: { includeThoughts: true, thinkingBudget: THINKING_BUDGET } } : {}),
    ...(scenario.schema === undefined
      ? {}
      : { responseMimeType: 'application/json', responseSchema: openApiSchema(scenario.schema) }),
  };
  return {
    ...(scenario.system === undefined ? {} : { systemInstruction: { parts: [{ text: scenario.system }] } }),
    contents: scenario.turns.map(content),
    ...(scenario.tools === undefined
      ? {}
      : {
          tools: [
            {
              functionDeclarations: scenario.tools.map((tool) => ({
                ...tool,
                parameters: openApiSchema(tool.parameters),
              })),
            },
          ],
        }),
    ...(scenario.toolRequired === true ? { toolConfig: { functionCallingConfig: { mode: 'ANY' } } } : {}),
    ...(Object.keys(config).length === 0 ? {} : { generationConfig: config }),
  };
}

function readChunk(reading: Reading, chunk: JsonObject): void {
  const [candidate] = objectsOf(chunk['candidates']);
  for (const part of objectsOf(objectOf(candidate?.['content'])['parts'])) {
    const call = part['functionCall'];
    if (isObject(call)) {
      const args: JsonValue = call['args'] ?? {};
      // Gemini's API names calls by id only sometimes; their order stands in.
      const id = stringOf(call['id']) || `call-${reading.calls.length}`;
      reading.calls.push({ id, name: textIn(call['name'], 'name'), arguments: JSON.stringify(objectIn(args, 'args')) });
    } else if (part['thought'] === true) reading.thoughts += stringOf(part['text']);
    else reading.text += stringOf(part['text']);
  }
  if (candidate?.['finishReason'] !== undefined) {
    const word = finishWord(FINISH, candidate['finishReason']);
    reading.finish = word === 'stop' && reading.calls.length > 0 ? 'tool-calls' : word;
  }
  const usage = chunk['usageMetadata'];
  if (!isObject(usage)) return;
  reading.usage = {
    input: tokenCount(usage['promptTokenCount']),
    cached: tokenCount(usage['cachedContentTokenCount']),
    output: tokenCount(usage['candidatesTokenCount']) + tokenCount(usage['thoughtsTokenCount']),
  };
  assert.equal(usage['totalTokenCount'], totalOf(reading.usage), 'totalTokenCount');
}

/** Google's generateContent (https://ai.google.dev/api/generate-content). */
export const gemini: ClientAdapter = {
  name: 'gemini',
  streamType: 'text/event-stream',
  request: (scenario, { model, stream }) => ({
    path: `/v1beta/models/${encodeURIComponent(model)}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: body(scenario),
  }),
  readWhole(answer) {
    const reading = emptyReading();
    readChunk(reading, answer);
    assert.notEqual(reading.finish, '', 'finishReason');
    reading.ended = true;
    return reading;
  },
  readStream(bytes) {
    const reading = emptyReading();
    for (const event of serverSentEvents(bytes)) {
      assert.equal(event.name, '', 'its events have no names');
      const chunk = eventBody(event);
      if (chunk['error'] === undefined) readChunk(reading, chunk);
      else reading.error = gemini.readError(chunk);
    }
    reading.ended = reading.error !== undefined || reading.finish !== '';
    return reading;
  },
  readError(answer) {
    const error = objectIn(answer['error'], 'error');
    assert.equal(typeof error['code'], 'number', 'error.code');
    assert.match(textIn(error['status'], 'error.status'), /^[A-Z_]+$/);
    return textIn(error['message'], 'error.message');
  },
};
