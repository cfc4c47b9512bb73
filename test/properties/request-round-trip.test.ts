import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Dialect } from '../../src/dialects/dialect.ts';
import type { DialectName } from '../../src/dialects/names.ts';
import type { NeutralRequest } from '../../src/dialects/neutral/request.ts';
import { encodeContext, onWire, sidesOf } from '../../src/dialects/openai/support.test.ts';
import type { JsonObject } from '../../src/json/types.ts';
import { essenceOf } from './support/essence.ts';
import { type Holds, neutralRequests, SETTINGS, type Setting } from './support/neutral-requests.ts';
import { BOTH_SIDED } from './support/translate.ts';

function allBut(...missing: Setting[]): Holds {
  return { conversation: true, settings: new Set(SETTINGS.filter((name) => !missing.includes(name))) };
}

interface Api {
  model: string;
  /** What the API has a place for. */
  holds: Holds;
  /** Settings that the model does not take beside others. */
  refuses?: (request: NeutralRequest) => Setting[];
  /** Whether it demands a limit, so that one is filled in. */
  fillsLimit?: true;
}

const TOP_P_BESIDE_TEMPERATURE: Api['refuses'] = ({ temperature }) => (temperature === undefined ? [] : ['topP']);

/** The APIs that are tried. */
const APIS: Partial<Record<DialectName, Api>> = {
  'openai-chat': { model: 'gpt-4.1', holds: allBut('topK') },
  'openai-responses': {
    model: 'gpt-4.1',
    holds: allBut('topK', 'seed', 'stop', 'frequencyPenalty', 'presencePenalty'),
  },
  anthropic: {
    model: 'claude-sonnet-4-5',
    holds: allBut('seed', 'frequencyPenalty', 'presencePenalty'),
    refuses: TOP_P_BESIDE_TEMPERATURE,
    fillsLimit: true,
  },
  gemini: { model: 'gemini-2.5-flash', holds: allBut('user') },
  'bedrock-converse': {
    model: 'anthropic.claude-sonnet-4-5-20250929-v1:0',
    holds: allBut('seed', 'frequencyPenalty', 'presencePenalty', 'user'),
    refuses: TOP_P_BESIDE_TEMPERATURE,
  },
  'cohere-chat': { model: 'command-a-03-2025', holds: allBut('user') },
  'ollama-chat': { model: 'qwen3:8b', holds: allBut('user') },
  tgi: {
    model: 'm',
    holds: {
      conversation: false,
      settings: new Set([
        'maxOutputTokens',
        'temperature',
        'topP',
        'topK',
        'seed',
        'frequencyPenalty',
        'stop',
        'responseFormat',
      ]),
    },
  },
};

/** How a loss of each setting is told. */
const TOLD: Readonly<Record<Setting, RegExp>> = {
  maxOutputTokens: /max|limit/i,
  temperature: /temperature/i,
  topP: /top_?p/i,
  topK: /top_?k/i,
  seed: /seed/i,
  frequencyPenalty: /frequency/i,
  presencePenalty: /presence/i,
  stop: /stop/i,
  responseFormat: /format|schema/i,
  user: /user/i,
};

interface Sent {
  body: JsonObject;
  warnings: string[];
}

function encode(dialect: Dialect, request: NeutralRequest): Sent {
  const context = encodeContext();
  const body = onWire(sidesOf(dialect).provider.encodeRequest(request, context));
  return { body, warnings: context.warnings };
}

function decode(dialect: Dialect, body: JsonObject, { model, stream }: NeutralRequest): NeutralRequest {
  return sidesOf(dialect).client.decodeRequest(body, { model, stream });
}

test('every API with two sides is tried', () => {
  assert.deepEqual(
    BOTH_SIDED.map(({ name }) => name).filter((name) => APIS[name] === undefined),
    [],
  );
});

/** What of a request an API holds. */
function heldOf({ holds, refuses }: Api, request: NeutralRequest): Holds {
  const refused = refuses?.(request) ?? [];
  return { ...holds, settings: new Set([...holds.settings].filter((name) => !refused.includes(name))) };
}

for (const dialect of BOTH_SIDED) {
  const api = APIS[dialect.name];
  if (api === undefined) continue;
  const requests = neutralRequests(api.model, api.holds);

  test(`property: what ${dialect.name} is sent, and has a place for, is read from it again`, () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { body } = encode(dialect, request);
        const read = decode(dialect, body, request);
        const held = heldOf(api, request);
        if (api.fillsLimit === true && request.maxOutputTokens === undefined) delete read.maxOutputTokens;
        assert.deepEqual(essenceOf(read, held), essenceOf(request, held));
        assert.deepEqual([read.model, read.stream], [request.model, request.stream]);
      }),
      { numRuns: 100 },
    );
  });

  test(`property: a request read from ${dialect.name} is sent to it as it was`, () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { body } = encode(dialect, request);
        const again = encode(dialect, decode(dialect, body, request));
        assert.deepEqual(again.body, body);
        assert.deepEqual(again.warnings, [], 'what comes from the API is warned of');
      }),
      { numRuns: 100 },
    );
  });

  test(`property: what ${dialect.name} has no place for is told`, () => {
    fc.assert(
      fc.property(requests, (request) => {
        const { warnings } = encode(dialect, request);
        const held = heldOf(api, request);
        for (const name of SETTINGS) {
          const lost = request[name] !== undefined && !held.settings.has(name);
          if (lost) assert.match(warnings.join('\n'), TOLD[name], `${name} was lost in silence`);
        }
      }),
      { numRuns: 40 },
    );
  });
}
