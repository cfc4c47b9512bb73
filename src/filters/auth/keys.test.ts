import assert from 'node:assert/strict';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import test from 'node:test';
import fc from 'fast-check';
import { createKey, hasIssuedForm, ISSUED_KEY_PATTERN, parseKey } from './key-format.ts';
import { createKeyHasher, createProcessHasher, equalHashes, MAX_KEY_LENGTH } from './key-hash.ts';
import { createKeyIndex, findKey } from './key-index.ts';

const SECRET = 'a secret of the server, long enough';

test('an issued key has its form, its prefix and a checksum', () => {
  const { text, id, prefix } = createKey(randomBytes);
  assert.match(text, /^aigw-[0-9A-Za-z]{44}$/);
  assert.ok(text.length < 64);
  assert.equal(prefix, `aigw-${id}`);
  assert.deepEqual(parseKey(text), { id, prefix });
  const found = new RegExp(ISSUED_KEY_PATTERN).exec(`the key ${text}, in a text`);
  assert.equal(found?.[0], text);
});

test('the form is pinned: ids, secrets and checksums of known bytes', () => {
  const zeros = createKey((count) => new Uint8Array(count));
  const ones = createKey((count) => new Uint8Array(count).fill(255));
  assert.equal(zeros.text, 'aigw-000000000000000000000000000000000000002ylZH5');
  assert.equal(ones.id, 'LygHa16AHYF');
  assert.deepEqual(parseKey(zeros.text), { id: '00000000000', prefix: 'aigw-00000000000' });
});

test('property: one changed character is noticed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 5, max: 48 }), fc.constantFrom(...'0aZ9'), (at, character) => {
      const { text } = createKey(randomBytes);
      const changed = `${text.slice(0, at)}${character}${text.slice(at + 1)}`;
      assert.equal(parseKey(changed) === undefined, changed !== text);
    }),
  );
});

test('what has another form is no issued key', () => {
  const { text } = createKey(randomBytes);
  for (const other of [
    '',
    'sk-abc',
    text.slice(1),
    `${text}0`,
    `${text}\n`,
    text.toUpperCase(),
    text.replace('-', '_'),
  ]) {
    assert.equal(hasIssuedForm(other), false, other);
    assert.equal(parseKey(other), undefined, other);
  }
});

test('a hash is the HMAC-SHA256 in hexadecimal', () => {
  const hash = createKeyHasher(SECRET);
  assert.equal(hash('käy'), createHmac('sha256', SECRET).update('käy').digest('hex'));
  assert.notEqual(hash('key'), createKeyHasher(`${SECRET}!`)('key'));
  assert.throws(() => createKeyHasher('short'), /the secret has 5 bytes; write at least 16/);
});

test('a hash is that HMAC whatever the length of secret and key', () => {
  for (const secretLength of [16, 63, 64, 65, 200]) {
    const secret = 's'.repeat(secretLength);
    const hash = createKeyHasher(secret);
    for (const length of [0, 1, 19, 63, 64, 119, MAX_KEY_LENGTH, MAX_KEY_LENGTH + 1, 5000]) {
      const key = '漢'.repeat(length);
      assert.equal(hash(key), createHmac('sha256', secret).update(key).digest('hex'), `${secretLength}, ${length}`);
    }
    assert.equal(hash('short'), createHmac('sha256', secret).update('short').digest('hex'));
  }
});

test('the hash of a process is one of its salt and the whole key', () => {
  const salt = randomBytes(32);
  const hash = createProcessHasher(salt);
  const key = '漢'.repeat(MAX_KEY_LENGTH);
  assert.equal(
    hash(key),
    createHash('sha256')
      .update(`${salt.toString('hex')}${key}`)
      .digest('hex'),
  );
  assert.match(hash(''), /^[0-9a-f]{64}$/);
  assert.notEqual(hash(key), createProcessHasher(randomBytes(32))(key));
  assert.throws(() => createProcessHasher(randomBytes(8)), /the salt has 8 bytes; take at least 16/);
});

test('hashes are equal in every digit', () => {
  assert.equal(equalHashes('abcd', 'abcd'), true);
  assert.equal(equalHashes('abcd', 'abce'), false);
  assert.equal(equalHashes('bbcd', 'abcd'), false);
  assert.equal(equalHashes('abc', 'abcd'), false);
});

test('an index finds, replaces and forgets, also where addresses meet', () => {
  const index = createKeyIndex<string>();
  const one = `${'a'.repeat(16)}${'1'.repeat(48)}`;
  const two = `${'a'.repeat(16)}${'2'.repeat(48)}`;
  index.set(one, 'one');
  index.set(two, 'two');
  index.set(one, 'one again');
  assert.deepEqual([index.find(one), index.find(two), index.size], ['one again', 'two', 2]);
  assert.equal(index.find(`${'a'.repeat(16)}${'3'.repeat(48)}`), undefined);
  assert.equal(index.delete(one), true);
  assert.equal(index.delete(one), false);
  assert.deepEqual([index.find(one), index.find(two), index.size], [undefined, 'two', 1]);
});

test('a key is looked up in each index; one with a wrong checksum in none', () => {
  const hash = createKeyHasher(SECRET);
  const configured = createKeyIndex<string>();
  const issued = createKeyIndex<string>();
  const { text } = createKey(randomBytes);
  configured.set(hash('any text'), 'configured');
  issued.set(hash(text), 'issued');
  const broken = `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}`;
  // Even if it were known: its checksum says that it was mistyped.
  issued.set(hash(broken), 'broken');
  const find = (key: string) => findKey(key, hash, [configured, issued]);
  assert.equal(find('any text'), 'configured');
  assert.equal(find(text), 'issued');
  assert.equal(find(broken), undefined);
  assert.equal(find('unknown'), undefined);
  assert.equal(find(''), undefined);
  assert.equal(find('x'.repeat(MAX_KEY_LENGTH + 1)), undefined);
});

test('a guess costs the hasher nothing when its checksum is wrong', () => {
  let hashed = 0;
  const counting = (text: string) => {
    hashed += 1;
    return createKeyHasher(SECRET)(text);
  };
  findKey(`aigw-${'0'.repeat(44)}`, counting, [createKeyIndex()]);
  assert.equal(hashed, 0);
  findKey('sk-test', counting, [createKeyIndex()]);
  assert.equal(hashed, 1);
});
