import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../json/types.ts';
import { anthropic } from '../anthropic/dialect.ts';
import { bedrockConverse } from '../bedrock-converse/dialect.ts';
import type { Dialect } from '../dialect.ts';
import { gemini } from '../gemini/dialect.ts';
import { encodeContext, onWire, sidesOf } from '../openai/support.test.ts';
import { openaiChat } from '../openai-chat/dialect.ts';
import { openaiResponses } from './dialect.ts';

/**
 * Golden pairs: each file in testdata/ holds a client's request and what the providers of each listed
 * dialect must be sent. `UPDATE_GOLDEN=1` writes what is sent now; review the diff.
 */
interface Golden {
  from: string;
  model: string;
  request: JsonObject;
  sent: Record<string, { body: JsonObject; warnings: string[] }>;
}

const DIALECTS: Record<string, Dialect> = Object.fromEntries(
  [openaiResponses, openaiChat, anthropic, bedrockConverse, gemini].map((dialect) => [dialect.name, dialect]),
);
const folder = join(dirname(fileURLToPath(import.meta.url)), 'testdata');

function named(name: string): Dialect {
  const dialect = DIALECTS[name];
  if (dialect === undefined) throw new Error(`no dialect ${name}`);
  return dialect;
}

for (const file of readdirSync(folder)) {
  const path = join(folder, file);
  const golden = JSON.parse(readFileSync(path, 'utf8')) as Golden;
  for (const [target, expected] of Object.entries(golden.sent)) {
    test(`${file} to ${target}`, () => {
      const context = encodeContext({ maxTokensField: 'max_tokens' });
      const neutral = sidesOf(named(golden.from)).client.decodeRequest(golden.request, { model: golden.model });
      const body = onWire(sidesOf(named(target)).provider.encodeRequest(neutral, context));
      const sent = { body, warnings: context.warnings };
      if (process.env['UPDATE_GOLDEN'] === '1') {
        golden.sent[target] = sent;
        writeFileSync(path, `${JSON.stringify(golden, null, 2)}\n`);
        return;
      }
      assert.deepEqual(sent, expected);
    });
  }
}
