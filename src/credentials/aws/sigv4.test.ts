import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { fakeRequest, headerOf } from '../fake-environment.test.ts';
import { type AwsKeys, createSigV4Signer, toCanonicalPath, toCanonicalQuery } from './sigv4.ts';

const KEYS: AwsKeys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
/** The instant of AWS's published example. */
const EXAMPLE_MS = Date.UTC(2015, 7, 30, 12, 36, 0);

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

function derivedKey(secret: string, scope: readonly string[]): Buffer {
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of scope) key = createHmac('sha256', key).update(part).digest();
  return key;
}

/** The algorithm as AWS describes it, step by step, for canonical parts written out by hand. */
function referenceSignature(given: {
  canonicalRequest: readonly string[];
  date: string;
  scope: readonly string[];
  secret: string;
}): string {
  const stringToSign = [
    'AWS4-HMAC-SHA256',
    given.date,
    given.scope.join('/'),
    sha256(given.canonicalRequest.join('\n')),
  ].join('\n');
  return createHmac('sha256', derivedKey(given.secret, given.scope)).update(stringToSign).digest('hex');
}

test('the reference in this test gives the published signature and signing key of AWS', () => {
  const scope = ['20150830', 'us-east-1', 'iam', 'aws4_request'];
  assert.equal(
    derivedKey(KEYS.secretAccessKey, scope).toString('hex'),
    'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
  );
  const signature = referenceSignature({
    canonicalRequest: [
      'GET',
      '/',
      'Action=ListUsers&Version=2010-05-08',
      'content-type:application/x-www-form-urlencoded; charset=utf-8',
      'host:iam.amazonaws.com',
      'x-amz-date:20150830T123600Z',
      '',
      'content-type;host;x-amz-date',
      sha256(''),
    ],
    date: '20150830T123600Z',
    scope,
    secret: KEYS.secretAccessKey,
  });
  assert.equal(signature, '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7');
});

test('a query is signed as the reference signs it', () => {
  const request = {
    method: 'GET',
    host: 'iam.amazonaws.com',
    path: '/?Version=2010-05-08&Action=ListUsers',
    headers: ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
    body: undefined,
    clientHeader: () => undefined,
  };
  createSigV4Signer('iam', 'us-east-1')(request, KEYS, EXAMPLE_MS);
  const signature = referenceSignature({
    canonicalRequest: [
      'GET',
      '/',
      'Action=ListUsers&Version=2010-05-08',
      'content-type:application/x-www-form-urlencoded; charset=utf-8',
      'host:iam.amazonaws.com',
      `x-amz-content-sha256:${sha256('')}`,
      'x-amz-date:20150830T123600Z',
      '',
      'content-type;host;x-amz-content-sha256;x-amz-date',
      sha256(''),
    ],
    date: '20150830T123600Z',
    scope: ['20150830', 'us-east-1', 'iam', 'aws4_request'],
    secret: KEYS.secretAccessKey,
  });
  assert.equal(
    headerOf(request, 'authorization'),
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature=${signature}`,
  );
});

test('a Bedrock request with a session token and a model id with a colon', () => {
  const body = Buffer.from('{"messages":[]}');
  const request = fakeRequest({
    host: 'bedrock-runtime.us-east-1.amazonaws.com',
    path: '/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse',
    headers: [
      'content-type',
      'application/json',
      'content-length',
      '15',
      'authorization',
      'Bearer of-the-client',
      'x-amz-date',
      '19990101T000000Z',
      'x-amz-target',
      ' a   b ',
    ],
    body,
  });
  createSigV4Signer('bedrock', 'us-east-1')(request, { ...KEYS, sessionToken: 'session' }, EXAMPLE_MS + 999);
  const names = 'content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-amz-target';
  const signature = referenceSignature({
    canonicalRequest: [
      'POST',
      '/model/anthropic.claude-haiku-4-5-20251001-v1%253A0/converse',
      '',
      'content-type:application/json',
      'host:bedrock-runtime.us-east-1.amazonaws.com',
      `x-amz-content-sha256:${sha256(body)}`,
      'x-amz-date:20150830T123600Z',
      'x-amz-security-token:session',
      'x-amz-target:a b',
      '',
      names,
      sha256(body),
    ],
    date: '20150830T123600Z',
    scope: ['20150830', 'us-east-1', 'bedrock', 'aws4_request'],
    secret: KEYS.secretAccessKey,
  });
  assert.equal(
    headerOf(request, 'authorization'),
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request, SignedHeaders=${names}, Signature=${signature}`,
  );
  assert.equal(headerOf(request, 'x-amz-date'), '20150830T123600Z');
  assert.equal(headerOf(request, 'x-amz-security-token'), 'session');
});

test('the signing key follows the day and the secret', () => {
  const signer = createSigV4Signer('bedrock', 'us-east-1');
  const sign = (keys: AwsKeys, nowMs: number, by = signer): string => {
    const request = fakeRequest();
    by(request, keys, nowMs);
    return headerOf(request, 'authorization') ?? '';
  };
  const other = { ...KEYS, secretAccessKey: 'another' };
  const nextDay = EXAMPLE_MS + 86_400_000;
  for (const [keys, ms] of [
    [KEYS, EXAMPLE_MS],
    [other, EXAMPLE_MS],
    [other, nextDay],
    [KEYS, EXAMPLE_MS],
  ] as const) {
    assert.equal(sign(keys, ms), sign(keys, ms, createSigV4Signer('bedrock', 'us-east-1')));
  }
  assert.notEqual(sign(KEYS, EXAMPLE_MS), sign(other, EXAMPLE_MS));
});

test('a stale session token does not stay with keys that have none', () => {
  const request = fakeRequest({ headers: ['x-amz-security-token', 'stale'] });
  createSigV4Signer('bedrock', 'us-east-1')(request, KEYS, EXAMPLE_MS);
  assert.equal(headerOf(request, 'x-amz-security-token'), undefined);
});

test('canonical paths', () => {
  const rows: [string, string][] = [
    ['/', '/'],
    ['', '/'],
    ['/model/a.b-c_d~e/converse', '/model/a.b-c_d~e/converse'],
    ['/model/a:b', '/model/a%3Ab'],
    ['/model/a%3Ab', '/model/a%253Ab'],
    ['/model/arn%3Aaws%3Abedrock%2Fx', '/model/arn%253Aaws%253Abedrock%252Fx'],
    ["/a!'()*", '/a%21%27%28%29%2A'],
    ['/ü', '/%C3%BC'],
    ['//a//b/', '/a/b/'],
    ['/a/./b/../c', '/a/c'],
    ['/..', '/'],
    ['/.hidden', '/.hidden'],
  ];
  for (const [path, expected] of rows) assert.equal(toCanonicalPath(path), expected, path);
});

test('canonical queries', () => {
  const rows: [string, string][] = [
    ['', ''],
    ['b=2&a=1', 'a=1&b=2'],
    ['a=b&a=B&a', 'a=&a=B&a=b'],
    ['q=a%20b/c', 'q=a%20b%2Fc'],
    ['q=%3a', 'q=%3A'],
    ['q=100%', 'q=100%25'],
  ];
  for (const [query, expected] of rows) assert.equal(toCanonicalQuery(query), expected, query);
});
