import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { checkConfig } from '../check.ts';
import { validateValue } from '../validate.ts';
import { load, sourcesOf, testdata } from './resource-documents.test.ts';

const WORLD = sourcesOf({
  env: { CLAUDE_KEY: 'sk-claude' },
  files: { '/home/tester/.aws/credentials': '[models]\naws_access_key_id=A\naws_secret_access_key=B\n' },
});

/** Compares with a golden file; `UPDATE_GOLDEN=1` rewrites it. */
function assertGolden(name: string, value: unknown): void {
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(new URL(`testdata/${name}`, import.meta.url), text);
  assert.deepEqual(JSON.parse(text), JSON.parse(testdata(name)));
}

test('the minimal manifest becomes one listener, one cluster and one route', () => {
  const { config, errors, warnings } = load(testdata('minimal.yaml'));
  assert.deepEqual(errors, []);
  assert.deepEqual(warnings, []);
  assert.deepEqual(config, {
    listeners: [{ name: 'web', address: '0.0.0.0', port: 8080 }],
    static_cluster: {
      'default/local': {
        provider: 'openai',
        credential: { type: 'pass_through' },
        endpoint: 'http://models.internal:8000',
      },
    },
    virtual_services: [
      {
        name: 'default',
        domains: ['*'],
        model_addressing: false,
        virtual_routes: [
          {
            name: 'default/chat/rule/0',
            match: { model: { exact: 'small' } },
            split: [{ cluster: 'default/local' }],
            models: { owned_by: 'Envoy AI Gateway' },
          },
        ],
      },
    ],
  });
});

test('the rich manifest becomes its golden configuration, and warns of what it leaves out', () => {
  const { config, errors, warnings } = load(testdata('rich.yaml'), WORLD);
  assert.deepEqual(errors, []);
  assertGolden('rich.golden.json', config);
  assert.deepEqual(warnings, [
    'BackendTrafficPolicy models/fast-only: spec.circuitBreaker.maxParallelRetries: is not supported: numRetries bounds the retries of each request; ignored',
    'Gateway edge/public: spec.listeners[2].protocol: HTTPS is not supported yet: this listener is not opened; use protocol: HTTP behind a TLS proxy',
    'Gateway models/other: spec.gatewayClassName: GatewayClass mesh belongs to the controller example.com/mesh: this Gateway is ignored; served here: gateway.envoyproxy.io/gatewayclass-controller, aigw.dev/gatewayclass-controller',
    'BackendSecurityPolicy models/gcp-file: spec.gcpCredentials.credentialsFile.secretRef: Secret models/gcp, key service_account.json: the file /absent/key.json cannot be read (no such file); requests to the targets of this policy are refused',
    'AIServiceBackend models/openai: spec.schema.version: has no meaning for OpenAI: ignored',
    'SecurityPolicy models/tokens: spec.jwt.providers[0].claimToHeaders: limits and matches read the claims; providers are not told of them in headers',
    'BackendTrafficPolicy models/fast-only: spec.retry.retryOn.triggers[4]: unavailable is a condition of gRPC: ignored',
    'AIGatewayRoute models/tiers: spec.rules[1].backendRefs[0].headerMutation.set[1]: x-ai-eg-model is set by the gateway and cannot be changed: ignored',
    'AIGatewayRoute models/tiers: spec.rules[2].backendRefs[0]: InferencePool is not supported yet: the requests of this rule are not answered',
    'Gateway edge/public: metadata.annotations["aigateway.envoyproxy.io/gateway-config"]: the forward proxy is one for each backend: Gateways without it use it too for models/openai (egress.example.org:3128), models/vllm (egress.example.org:3128), models/openai@models/fast-only (egress.example.org:3128), models/azure (egress.example.org:3128), shared/claude (egress.example.org:3128), models/bedrock (egress.example.org:3128), models/vertex (egress.example.org:3128)',
    'SecurityPolicy models/tokens: spec.cors: is not supported yet: ignored',
  ]);
});

test('the rich configuration is one that the model and its checks accept', () => {
  const { config } = load(testdata('rich.yaml'), WORLD);
  const validated = validateValue(config);
  assert.deepEqual(validated.issues, []);
  assert.ok(validated.config);
  const errors = checkConfig(validated.config, { exposedListeners: 'allow' }).filter(
    ({ severity }) => severity === 'error',
  );
  assert.deepEqual(errors, []);
});

test('an issue shows file, line and column of the field', () => {
  const text = testdata('minimal.yaml').replace('name: front, kind: Gateway', 'name: frnt, kind: Gateway');
  const [issue] = load(text).issues;
  const lines = text.split('\n');
  const line = lines.findIndex((content) => content.includes('frnt'));
  assert.deepEqual(issue, {
    file: 'test.yaml',
    line: line + 1,
    column: (lines[line]?.indexOf('frnt') ?? 0) + 1,
    path: 'AIGatewayRoute default/chat: spec.parentRefs[0].name',
    message: 'there is no Gateway default/frnt',
    fix: 'did you mean default/front?',
    severity: 'error',
  });
});

test('the items of a List are read as documents, with positions', () => {
  const text = `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Secret
    metadata: {name: a}
    stringDat: {apiKey: x}
`;
  const [issue] = load(text).issues;
  assert.equal(issue?.line, 7);
  assert.equal(issue?.column, 5);
  assert.equal(issue?.message, 'is not a field of this kind: ignored');
  assert.equal(issue?.fix, 'did you mean stringData?');
  assert.equal(issue?.severity, 'warning');
});

test('the examples of docs/resources.md load', () => {
  const page = readFileSync(new URL('../../../docs/resources.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text ?? '');
  assert.equal(examples.length, 2);
  for (const example of examples) {
    const { config, errors, warnings } = load(example, sourcesOf({ env: { OPENAI_API_KEY: 'sk-test' } }));
    assert.deepEqual([...errors, ...warnings], []);
    assert.deepEqual(validateValue(config).issues, []);
    assert.notEqual(config.virtual_services?.length, 0);
  }
});
