import assert from 'node:assert/strict';
import { it } from 'node:test';
import { format, inspect } from 'node:util';
import { Secret } from './secret.ts';

it('shows its value to those who ask for it, and to nobody else', () => {
  const secret = new Secret('sk-hidden');
  assert.equal(secret.reveal(), 'sk-hidden');
  const printed = [
    String(secret),
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: [secret] }, { showHidden: true }),
    format('%s %o %O %j', secret, secret, secret, secret),
    Object.values(secret).join(),
  ];
  for (const text of printed) assert.doesNotMatch(text, /hidden/);
  assert.equal(JSON.stringify({ secret }), '{"secret":"***"}');
  assert.equal(inspect(secret), '***');
});
