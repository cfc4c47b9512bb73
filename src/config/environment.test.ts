import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileSnapshot } from '../snapshot/compile.ts';
import { configFromEnvironment, readEnvironment } from './environment.ts';
import { DEFAULT_ORDER, KEYED_PROVIDERS, WELL_KNOWN_MODELS } from './environment-table.ts';
import { formatIssue } from './issue.ts';
import { validateValue } from './validate.ts';

const clustersOf = (env: Record<string, string>) => configFromEnvironment(env).static_cluster;

/** Which cluster takes a model: routes as the first one whose glob fits. */
function clusterFor(model: string, env: Record<string, string>): string | undefined {
  const routes = configFromEnvironment(env).virtual_services?.[0]?.virtual_routes ?? [];
  const route = routes.find(({ match }) => {
    const globs = [match ?? {}].flat().map((entry) => entry.model);
    return globs.some((glob) => typeof glob !== 'string' || fits(model, glob));
  });
  return route?.split[0]?.cluster;
}

function fits(model: string, glob: string): boolean {
  return glob.endsWith('*') ? model.startsWith(glob.slice(0, -1)) : model === glob;
}

describe('clusters', () => {
  it('nothing set: the demo model answers everything', () => {
    assert.deepEqual(configFromEnvironment({ OPENAI_API_KEY: ' ', PATH: '/bin' }), {
      static_cluster: { demo: { provider: 'demo' } },
      virtual_services: [
        {
          name: 'default',
          domains: ['*'],
          virtual_routes: [{ name: 'any-demo', match: {}, split: [{ cluster: 'demo' }] }],
        },
      ],
    });
  });

  it('OpenAI with its endpoint’s path, organization and project', () => {
    const env = {
      OPENAI_API_KEY: 'sk-1',
      OPENAI_BASE_URL: 'https://openrouter.ai/api/v1/',
      OPENAI_ORG_ID: 'org-1',
      OPENAI_PROJECT_ID: 'proj-1',
    };
    assert.deepEqual(clustersOf(env), {
      openai: {
        provider: 'openai',
        endpoint: 'https://openrouter.ai/api/v1',
        api_key: 'sk-1',
        headers: { 'openai-organization': 'org-1', 'openai-project': 'proj-1' },
      },
    });
  });

  it('an endpoint without a key is called without one', () => {
    assert.deepEqual(clustersOf({ OPENAI_BASE_URL: 'http://127.0.0.1:8000/v1' }), {
      openai: { provider: 'openai', endpoint: 'http://127.0.0.1:8000/v1', credential: { type: 'none' } },
    });
  });

  it('Azure OpenAI', () => {
    const env = { AZURE_OPENAI_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: 'https://acme.openai.azure.com/' };
    const azure = { provider: 'azure-openai', endpoint: 'https://acme.openai.azure.com', api_key: 'k' };
    assert.deepEqual(clustersOf(env), { azure: { ...azure, api_version: '2024-10-21' } });
    const dated = { ...env, OPENAI_API_VERSION: '2025-01-01-preview' };
    assert.deepEqual(clustersOf(dated), { azure: { ...azure, api_version: '2025-01-01-preview' } });
  });

  it('Bedrock with any of the ways to hold AWS credentials', () => {
    const bedrock = { bedrock: { provider: 'aws-bedrock', region: 'eu-central-1' } };
    const region = { AWS_REGION: 'eu-central-1', AWS_DEFAULT_REGION: 'us-east-1' };
    assert.deepEqual(clustersOf({ ...region, AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 's' }), bedrock);
    assert.deepEqual(clustersOf({ ...region, AWS_PROFILE: 'work' }), bedrock);
    assert.deepEqual(clustersOf({ AWS_DEFAULT_REGION: 'eu-central-1', AWS_WEB_IDENTITY_TOKEN_FILE: '/t' }), bedrock);
    assert.deepEqual(Object.keys(clustersOf({ ...region, AWS_ACCESS_KEY_ID: 'a' }) ?? {}), ['demo']);
  });

  it('Ollama, however its host is written', () => {
    const endpoints: [string, string][] = [
      ['127.0.0.1', 'http://127.0.0.1:11434'],
      ['gpu.local:8080', 'http://gpu.local:8080'],
      ['0.0.0.0:11434', 'http://127.0.0.1:11434'],
      [':11435', 'http://127.0.0.1:11435'],
      ['http://gpu.local', 'http://gpu.local'],
      ['gpu.local:80', 'http://gpu.local'],
      ['https://gpu.local/ollama/', 'https://gpu.local/ollama'],
      ['[::]:11434', 'http://127.0.0.1:11434'],
    ];
    for (const [host, endpoint] of endpoints) {
      const expected = { ollama: { provider: 'ollama', endpoint, credential: { type: 'none' } } };
      assert.deepEqual(clustersOf({ OLLAMA_HOST: host }), expected, host);
    }
  });

  it('every other provider by its key alone', () => {
    for (const { cluster, provider, keys } of KEYED_PROVIDERS) {
      for (const key of keys)
        assert.deepEqual(clustersOf({ [key]: 'k' }), { [cluster]: { provider, api_key: 'k' } }, key);
    }
  });

  it('the first of two names of a key counts', () => {
    assert.deepEqual(clustersOf({ GOOGLE_API_KEY: 'b', GEMINI_API_KEY: 'a' }), {
      google: { provider: 'google', api_key: 'a' },
    });
  });

  it('all at once', () => {
    const env = Object.fromEntries(KEYED_PROVIDERS.map(({ keys }) => [keys[0] ?? '', 'k']));
    const all = {
      ...env,
      AZURE_OPENAI_API_KEY: 'k',
      AZURE_OPENAI_ENDPOINT: 'https://acme.openai.azure.com',
      AWS_PROFILE: 'work',
      AWS_REGION: 'eu-central-1',
      OLLAMA_HOST: 'localhost',
    };
    const { config } = validateValue(configFromEnvironment(all));
    const real = DEFAULT_ORDER.filter((name) => name !== 'demo');
    assert.deepEqual(Object.keys(config?.static_cluster ?? {}).sort(), real.toSorted());
    if (config === undefined) assert.fail('the configuration must be valid');
    const snapshot = compileSnapshot(config, { revision: 1, hash: '' });
    const service = snapshot.services[0];
    for (const name of real) assert.ok(service?.addressable.has(name), `${name} must be reachable as ${name}/model`);
  });
});

describe('routes', () => {
  const both = { OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'k', GEMINI_API_KEY: 'k', AWS_PROFILE: 'p', AWS_REGION: 'r' };
  const cases: [string, string][] = [
    ['gpt-4o', 'openai'],
    ['o3-mini', 'openai'],
    ['text-embedding-3-small', 'openai'],
    ['whisper-1', 'openai'],
    ['claude-sonnet-4-5', 'anthropic'],
    ['gemini-2.5-flash', 'google'],
    ['anthropic.claude-3-haiku-20240307-v1:0', 'bedrock'],
    ['eu.amazon.nova-lite-v1:0', 'bedrock'],
    ['something-else', 'openai'],
  ];
  for (const [model, cluster] of cases) {
    it(`${model} goes to ${cluster}`, () => assert.equal(clusterFor(model, both), cluster));
  }

  it('Azure takes OpenAI’s models where OpenAI itself is not set', () => {
    const azure = { AZURE_OPENAI_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: 'https://acme.openai.azure.com' };
    assert.equal(clusterFor('gpt-4o', azure), 'azure');
    assert.equal(clusterFor('gpt-4o', { ...azure, OPENAI_API_KEY: 'k' }), 'openai');
  });

  it('what a missing vendor would take goes to the first one there is', () => {
    assert.equal(clusterFor('claude-sonnet-4-5', { MISTRAL_API_KEY: 'k', GROQ_API_KEY: 'k' }), 'mistral');
  });

  it('name clusters that can exist', () => {
    for (const { clusters } of WELL_KNOWN_MODELS) {
      for (const cluster of clusters) assert.ok(DEFAULT_ORDER.includes(cluster), cluster);
    }
  });
});

describe('issues', () => {
  const problems = (env: Record<string, string>) => readEnvironment(env).issues.map(formatIssue);

  it('tell what is set in vain', () => {
    assert.deepEqual(problems({ AZURE_OPENAI_API_KEY: 'k' }), [
      'environment: warning: AZURE_OPENAI_API_KEY: is set without AZURE_OPENAI_ENDPOINT, so Azure OpenAI is not served',
    ]);
    assert.deepEqual(problems({ AZURE_OPENAI_ENDPOINT: 'https://acme.openai.azure.com' }), [
      'environment: warning: AZURE_OPENAI_ENDPOINT: is set without AZURE_OPENAI_API_KEY, so Azure OpenAI is not served',
    ]);
    assert.deepEqual(problems({ AWS_PROFILE: 'work' }), [
      'environment: warning: AWS_REGION: is not set, so Amazon Bedrock is not served although there are AWS credentials',
    ]);
  });

  it('tell what is wrong', () => {
    assert.deepEqual(problems({ OPENAI_API_KEY: 'k', OPENAI_BASE_URL: 'localhost' }), [
      'environment: OPENAI_BASE_URL: "localhost" is not a URL; write one such as https://api.openai.com/v1',
    ]);
    assert.deepEqual(problems({ OLLAMA_HOST: 'a b' }), [
      'environment: OLLAMA_HOST: "a b" is not a host; write host:port',
    ]);
  });

  it('are none where all is well', () => {
    assert.deepEqual(problems({ OPENAI_API_KEY: 'k' }), []);
  });
});
