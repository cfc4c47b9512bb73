import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../json/types.ts';
import { anthropic } from './anthropic/dialect.ts';
import { cohereChat } from './cohere-chat/dialect.ts';
import type { Dialect } from './dialect.ts';
import { ollamaChat, ollamaGenerate } from './ollama-chat/dialect.ts';
import { encodeContext, onWire } from './openai/support.test.ts';
import { openaiChat } from './openai-chat/dialect.ts';
import { tgi } from './tgi/dialect.ts';

/**
 * Golden pairs of small dialects: each `request-*.json` in a dialect's testdata/ holds a client's request, and what the
 * provider of that folder's dialect must be sent. `UPDATE_GOLDEN=1` writes what is sent now; review the diff.
 */
interface Golden {
  from: string;
  request: JsonObject;
  sent: JsonObject;
  warnings: string[];
}

const CLIENTS: readonly Dialect[] = [openaiChat, anthropic, cohereChat, tgi, ollamaChat, ollamaGenerate];
const ROOT = dirname(fileURLToPath(import.meta.url));

for (const target of [cohereChat, tgi, ollamaChat] as Dialect[]) {
  const folder = join(ROOT, target.name, 'testdata');
  for (const file of readdirSync(folder).filter((name) => name.startsWith('request-'))) {
    test(`${target.name}: ${file}`, () => {
      const golden = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Golden;
      const client = CLIENTS.find((dialect) => dialect.name === golden.from)?.client;
      assert.ok(client !== undefined, golden.from);
      const context = encodeContext();
      const neutral = client.decodeRequest(golden.request, { model: 'path-model' });
      const sent = onWire(target.provider?.encodeRequest(neutral, context) ?? {});
      if (process.env['UPDATE_GOLDEN'] === '1') {
        writeFileSync(
          join(folder, file),
          `${JSON.stringify({ ...golden, sent, warnings: context.warnings }, null, 2)}\n`,
        );
        return;
      }
      assert.deepEqual(sent, golden.sent);
      assert.deepEqual(context.warnings, golden.warnings);
    });
  }
}
