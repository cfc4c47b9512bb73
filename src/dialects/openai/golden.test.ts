import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { JsonObject } from '../../json/types.ts';
import { anthropic } from '../anthropic/dialect.ts';
import type { Dialect } from '../dialect.ts';
import { openaiChat } from '../openai-chat/dialect.ts';
import { encodeContext, onWire, sidesOf } from './support.test.ts';

/**
 * Golden pairs: each file in a dialect's testdata/ named `request-*.json` holds a client's request, and what
 * the provider of that folder's dialect must be sent. `UPDATE_GOLDEN=1` writes what is sent now; review the diff.
 */
interface Golden {
  from: 'openai-chat' | 'anthropic';
  request: JsonObject;
  sent: JsonObject;
  warnings: string[];
}

const DIALECTS: Record<Golden['from'], Dialect> = { 'openai-chat': openaiChat, anthropic };
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

for (const target of [openaiChat, anthropic]) {
  const folder = join(ROOT, target.name, 'testdata');
  for (const file of readdirSync(folder).filter((name) => name.startsWith('request-'))) {
    test(`${target.name}: ${file}`, () => {
      const golden = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Golden;
      const context = encodeContext();
      const neutral = sidesOf(DIALECTS[golden.from]).client.decodeRequest(golden.request, {});
      const sent = onWire(sidesOf(target).provider.encodeRequest(neutral, context));
      if (process.env['UPDATE_GOLDEN'] === '1') {
        const next = { ...golden, sent, warnings: context.warnings };
        writeFileSync(join(folder, file), `${JSON.stringify(next, null, 2)}\n`);
        return;
      }
      assert.deepEqual(sent, golden.sent);
      assert.deepEqual(context.warnings, golden.warnings);
    });
  }
}
