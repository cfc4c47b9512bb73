import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { dialect } from '../dialects/registry.ts';
import { allEndpoints, matchPath } from './endpoints.ts';

test('every endpoint is found by its path, and its dialect exists', () => {
  const seen = new Set<string>();
  for (const { path, endpoint } of allEndpoints()) {
    assert.ok(!seen.has(path) || endpoint.model === 'none', `${path} is there twice`);
    seen.add(path);
    assert.equal(dialect(endpoint.dialect).name, endpoint.dialect);
    if (endpoint.model !== 'none') {
      const matched = matchPath(path);
      assert.deepEqual(matched.endpoint, endpoint);
      assert.equal(dialect(matched.errors ?? endpoint.dialect).errors, dialect(endpoint.dialect).errors);
      assert.equal(matched.inPath?.model, endpoint.model === 'path' ? 'MODEL' : undefined);
      assert.deepEqual(endpoint.methods, ['POST']);
    }
  }
});

test('the paths of the reference system are served', () => {
  const operations: Record<string, string> = {
    '/v1/chat/completions': 'chat',
    '/v1/completions': 'completion',
    '/v1/embeddings': 'embeddings',
    '/v1/responses': 'responses',
    '/v1/responses/input_tokens': 'responses_input_tokens',
    '/v1/images/generations': 'image_generation',
    '/v1/audio/speech': 'speech',
    '/v1/audio/transcriptions': 'transcription',
    '/v1/audio/translations': 'translation',
    '/tokenize': 'tokenize',
    '/cohere/v2/rerank': 'rerank',
    '/anthropic/v1/messages': 'messages',
    '/anthropic/v1/messages/count_tokens': 'count_tokens',
    '/v1/messages': 'messages',
    '/v1/files/file-1/content': 'files',
    '/v1/batches/b-1/cancel': 'batches',
    '/v1/fine_tuning/jobs': 'fine_tuning',
    '/v1/responses/resp_1/input_items': 'responses',
  };
  for (const [path, operation] of Object.entries(operations)) {
    assert.equal(matchPath(path).endpoint?.operation, operation, path);
  }
});

test('errors look like those of the API to which a path seems to belong', () => {
  assert.deepEqual(matchPath('/v1/unheard'), { endpoint: undefined, errors: 'openai-chat' });
  assert.deepEqual(matchPath('/v1/messages/unheard'), { endpoint: undefined, errors: 'anthropic' });
  assert.deepEqual(matchPath('/anthropic/unheard'), { endpoint: undefined, errors: 'anthropic' });
  assert.deepEqual(matchPath('/'), { endpoint: undefined, errors: undefined });
});

test('no path that is served leads out of its tree', () => {
  const piece = fc.constantFrom('..', '.', '%2e%2e', '%2E.', 'a', '', 'a\\..', '..%2f', '%5c', 'files', '..;', '%252e');
  fc.assert(
    fc.property(
      fc.constantFrom('files', 'uploads', 'batches', 'fine_tuning', 'responses'),
      fc.array(piece, { maxLength: 6 }),
      (tree, pieces) => {
        const path = ['', 'v1', tree, ...pieces].join('/');
        const { endpoint } = matchPath(path);
        if (endpoint === undefined) return;
        // The resolver of URLs stands for whatever server the path gets to.
        const resolved = new URL(`http://provider.example/v1${endpoint.suffix}`).pathname;
        assert.ok(resolved === `/v1/${tree}` || resolved.startsWith(`/v1/${tree}/`), `${path} became ${resolved}`);
        assert.doesNotMatch(decodeURIComponent(resolved), /\/\.\.(?:\/|$)|\\/, path);
      },
    ),
    { numRuns: 2000 },
  );
});

test('a tree is not entered by a longer name', () => {
  for (const path of ['/v1/filesystem', '/v1/batches2/x', '/v1/responsesx', '/V1/files', '/v1']) {
    assert.equal(matchPath(path).endpoint, undefined, path);
  }
});
