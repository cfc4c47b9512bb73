import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../config/load.ts';
import { dialect } from '../dialects/registry.ts';
import { compileSnapshot } from '../snapshot/compile.ts';
import { allEndpoints, endpointsOnRequest, matchConfiguredPath, matchPath } from './endpoints.ts';

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

test('what is served on request alone is found behind a path of a virtual service, and nowhere else', () => {
  for (const { path, endpoint } of endpointsOnRequest()) {
    assert.deepEqual(matchPath(path), { endpoint: undefined, errors: undefined }, path);
    assert.deepEqual(matchConfiguredPath(path), { endpoint, errors: endpoint.dialect }, path);
    assert.notEqual(dialect(endpoint.dialect).client, undefined, path);
  }
  assert.deepEqual(matchConfiguredPath('/v1/messages'), matchPath('/v1/messages'));
});

/** Kinds of endpoints of the configuration, and the operation and API that each stands for. */
const KINDS: Readonly<Record<string, string>> = {
  chat_completions: 'chat openai-chat',
  completions: 'completion openai-completions',
  embeddings: 'embeddings openai-embeddings',
  responses: 'responses openai-responses',
  responses_input_tokens: 'responses_input_tokens openai-input-tokens',
  image_generations: 'image_generation openai-images',
  image_edits: 'image_edit openai-images',
  image_variations: 'image_variation openai-images',
  speech: 'speech openai-speech',
  transcriptions: 'transcription openai-transcription',
  translations: 'translation openai-transcription',
  moderations: 'moderation openai-moderations',
  messages: 'messages anthropic',
  count_tokens: 'count_tokens anthropic-count-tokens',
  tokenize: 'tokenize vllm-tokenize',
  cohere_chat: 'chat cohere-chat',
  cohere_embed: 'embeddings cohere-embeddings',
  rerank: 'rerank cohere-rerank',
  ollama_chat: 'chat ollama-chat',
  ollama_generate: 'completion ollama-generate',
  tgi_generate: 'completion tgi',
  tgi_generate_stream: 'completion tgi',
};

test('a virtual service can put every client API with a fixed path under a path of its own', () => {
  const endpoints = Object.keys(KINDS).map((kind) => `/my/${kind}: ${kind}`);
  const text = `virtual_services: [{ name: default, endpoints: { ${endpoints.join(', ')} } }]`;
  const { config, hash } = loadConfig([{ file: 'test.yaml', text }], {
    env: {},
    readText: () => '',
    homeDirectory: '/nonexistent',
  });
  const [service] = compileSnapshot(config, { revision: 1, hash }).services;
  const served = new Set<unknown>();
  for (const [kind, wanted] of Object.entries(KINDS)) {
    const { endpoint } = matchConfiguredPath(service?.endpoints.get(`/my/${kind}`) ?? '');
    assert.equal(`${endpoint?.operation} ${endpoint?.dialect}`, wanted, kind);
    served.add(endpoint);
  }
  const fixed = [...allEndpoints(), ...endpointsOnRequest()].filter(
    ({ endpoint }) => endpoint.model !== 'path' && endpoint.model !== 'none',
  );
  assert.deepEqual(
    fixed.filter(({ endpoint }) => !served.has(endpoint)).map(({ path }) => path),
    [],
  );
});
