import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PROVIDER_NAMES } from '../providers/provider.ts';
import { ConfigError, formatIssue } from './issue.ts';
import { loadConfig } from './load.ts';

const ENVIRONMENT = { OPENAI_API_KEY: 'sk-very-secret-value', EMPTY: '', PORT: '8443' };

/** What `aigw validate` would print for a file named aigw.yaml. */
function problemsOf(text: string, env: Record<string, string> = ENVIRONMENT): string[] {
  const options = { env, homeDirectory: '/home/ada', readText: missing };
  try {
    return loadConfig([{ file: 'aigw.yaml', text }], options).warnings.map(formatIssue);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map(formatIssue);
    throw error;
  }
}

function missing(path: string): string {
  throw new Error(`no such file, open '${path}'`);
}

/** Wrong configurations and every line that must be reported for them. */
const CASES: { name: string; text: string; problems: string[] }[] = [];
function wrong(name: string, text: string, ...problems: string[]) {
  CASES.push({ name, text: text.replace(/^\n/, ''), problems });
}

wrong(
  'a field mistyped at the top',
  `
virtual_service:
  - name: default
`,
  'aigw.yaml:1:1: virtual_service: unknown field; did you mean `virtual_services`?',
);
wrong(
  'a field in camel case',
  `
static_cluster:
  openai:
    provider: openai
    apiKey: abc
`,
  'aigw.yaml:4:5: static_cluster.openai.apiKey: unknown field; did you mean `api_key`?',
);
wrong(
  'a field that is like none',
  `
listeners:
  - port: 1
    zzzzzz: true
`,
  'aigw.yaml:3:5: listeners[0].zzzzzz: unknown field; known here: name, address, port',
);
wrong(
  'a provider mistyped',
  `
static_cluster:
  openai: { provider: opnai, api_key: abc }
`,
  'aigw.yaml:2:23: static_cluster.openai.provider: "opnai" is unknown; did you mean `openai`?',
);
wrong(
  'no provider',
  `
static_cluster:
  openai:
    api_key: abc
`,
  `aigw.yaml:3:5: static_cluster.openai.provider: is required; write one of ${PROVIDER_NAMES.join(', ')}`,
);
wrong(
  'a list where a map belongs',
  'static_cluster:\n  - openai\n',
  'aigw.yaml:2:3: static_cluster: must be a map, not a list',
);
wrong(
  'a map where a list belongs',
  'listeners:\n  port: 1\n',
  'aigw.yaml:2:3: listeners: must be a list, not a map; write each entry on its own line after "- "',
);
wrong(
  'a port in words',
  'listeners:\n  - port: ten\n',
  'aigw.yaml:2:11: listeners[0].port: must be a number, not "ten"',
);
wrong(
  'a port that is too large',
  'listeners:\n  - port: 70000\n',
  'aigw.yaml:2:11: listeners[0].port: must be at most 65535',
);
wrong(
  'a section left empty',
  'static_cluster:\n',
  'aigw.yaml:1:16: static_cluster: is empty; write a map, or remove the field',
);
wrong(
  'a number where text belongs',
  `
static_cluster:
  azure:
    provider: azure-openai
    endpoint: https://acme.openai.azure.com
    api_version: 20241021
    api_key: 12345
`,
  'aigw.yaml:5:18: static_cluster.azure.api_version: must be text, not 20241021; write it in quotes: "20241021"',
  'aigw.yaml:6:14: static_cluster.azure.api_key: must be text, not a number; write it in quotes',
);
wrong(
  'a required field mistyped is one mistake',
  `
virtual_services:
  - name: default
    virtual_routes:
      - split:
          - clustr: openai
`,
  'aigw.yaml:5:13: virtual_services[0].virtual_routes[0].split[0].clustr: unknown field; did you mean `cluster`?',
);
wrong(
  'a required field missing',
  `
virtual_services:
  - name: default
    virtual_routes:
      - split:
          - weight: 1
`,
  'aigw.yaml:5:13: virtual_services[0].virtual_routes[0].split[0].cluster: is required (Name of a cluster)',
);
wrong(
  'an empty split',
  `
virtual_services:
  - name: default
    virtual_routes:
      - split: []
`,
  'aigw.yaml:4:16: virtual_services[0].virtual_routes[0].split: must have at least 1 entry',
);
wrong(
  'a model match of an unknown form',
  `
virtual_services:
  - name: default
    virtual_routes:
      - match: { model: { exat: gpt-4o } }
        split: [{ cluster: a }]
      - match: [{ model: { prefix: gpt-, regex: "gpt.*" } }]
        split: [{ cluster: a }]
      - match: { model: {} }
        split: [{ cluster: a }]
      - match: { model: 5 }
        split: [{ cluster: a }]
`,
  'aigw.yaml:4:27: virtual_services[0].virtual_routes[0].match.model.exat: unknown field; did you mean `exact`?',
  'aigw.yaml:6:42: virtual_services[0].virtual_routes[1].match[0].model.regex: cannot stand beside `prefix`; keep one of them',
  'aigw.yaml:8:25: virtual_services[0].virtual_routes[2].match.model: is empty; write one of exact, prefix, regex, glob',
  'aigw.yaml:10:25: virtual_services[0].virtual_routes[3].match.model: must be text or a map, not 5; write it in quotes: "5"',
);
wrong(
  'a credential of an unknown type',
  `
static_cluster:
  a: { provider: openai, credential: { type: apikey, key: abc } }
  b: { provider: openai, credential: { key: abc } }
`,
  'aigw.yaml:2:46: static_cluster.a.credential.type: "apikey" is unknown; did you mean `api_key`?',
  'aigw.yaml:3:38: static_cluster.b.credential.type: is required; write one of api_key, aws, gcp, azure, pass_through, unavailable, none',
);
wrong(
  'a field of another credential type',
  `
static_cluster:
  bedrock:
    provider: aws-bedrock
    region: eu-central-1
    credential:
      type: aws
      regoin: us-east-1
`,
  'aigw.yaml:7:7: static_cluster.bedrock.credential.regoin: unknown field; did you mean `region`?',
);
wrong(
  'values with units',
  `
limits:
  max_body: 50 pounds
  drain_timeout: soon
static_cluster:
  a: { provider: demo, connect_timeout: [1] }
`,
  'aigw.yaml:2:13: limits.max_body: "50 pounds" is not a size; write one such as 50Mi, 512Ki or 4096',
  'aigw.yaml:3:18: limits.drain_timeout: "soon" is not a duration; write one such as 30s, 100ms or 1h30m',
  'aigw.yaml:5:41: static_cluster.a.connect_timeout: must be text or a number, not a list',
);
wrong(
  'URLs',
  `
static_cluster:
  a: { provider: vllm, endpoint: "localhost:8000" }
  b: { provider: vllm, endpoint: "http://user:pw@host/v1" }
  c: { provider: vllm, endpoint: "http://host/v1?x=1" }
`,
  'aigw.yaml:2:34: static_cluster.a.endpoint: "localhost:8000" is not a URL; write one such as https://api.openai.com/v1',
  'aigw.yaml:3:34: static_cluster.b.endpoint: must not carry credentials; use `api_key` or `credential`',
  'aigw.yaml:4:34: static_cluster.c.endpoint: must not carry a query or a fragment',
);
wrong(
  'names of headers and paths',
  `
static_cluster:
  a:
    provider: demo
    headers:
      "x team": search
virtual_services:
  - name: default
    endpoints:
      api/chat: chat_completions
      /api/embed: embedding
`,
  'aigw.yaml:5:7: static_cluster.a.headers["x team"]: the name "x team" is not a header name',
  'aigw.yaml:9:7: virtual_services[0].endpoints["api/chat"]: the name "api/chat" must start with "/"',
  'aigw.yaml:10:19: virtual_services[0].endpoints["/api/embed"]: "embedding" is unknown; did you mean `embeddings`?',
);
wrong('admin is neither false nor a map', 'admin: 9901\n', 'aigw.yaml:1:8: admin: must be false or a map, not 9901');
wrong(
  'a variable that is not set',
  `
static_cluster:
  anthropic:
    provider: anthropic
    api_key: \${ANTHROPIC_API_KEY}
    headers: { x-team: "team-\${TEAM}" }
`,
  'aigw.yaml:4:14: static_cluster.anthropic.api_key: the environment variable ANTHROPIC_API_KEY is not set; set it, or give a default with ${ANTHROPIC_API_KEY:-default}',
  'aigw.yaml:5:30: static_cluster.anthropic.headers.x-team: the environment variable TEAM is not set; set it, or give a default with ${TEAM:-default}',
);
wrong(
  'a variable that is empty where a secret belongs',
  `
static_cluster:
  openai: { provider: openai, api_key: "\${EMPTY}" }
`,
  'aigw.yaml:2:40: static_cluster.openai.api_key: is empty; is the environment variable set?',
);
wrong(
  'references that are none',
  `
static_cluster:
  a: { provider: demo, project: "\${A B}", region: "\${OPEN" }
`,
  'aigw.yaml:2:34: static_cluster.a.project: ${A B} is not a variable reference; write ${NAME}, ${NAME:-default}, or $${ for a literal ${',
  'aigw.yaml:2:52: static_cluster.a.region: a ${ is not closed; write ${NAME}, ${NAME:-default}, or $${ for a literal ${',
);
wrong(
  'a secret in the wrong place is not printed',
  `
static_cluster:
  openai: { provider: openai, endpoint: "\${OPENAI_API_KEY}" }
`,
  'aigw.yaml:2:41: static_cluster.openai.endpoint: "${OPENAI_API_KEY}" is not a URL; write one such as https://api.openai.com/v1',
);
wrong(
  'a variable without quotes inside braces',
  'listeners: [{ port: ${PORT} }]\n',
  'aigw.yaml:1:22: is not valid YAML: Unexpected flow-map-start at node end; inside { } and [ ] write "${VAR}" in quotes',
);
wrong(
  'a secret file that is not there',
  `
static_cluster:
  openai:
    provider: openai
    api_key: file:/run/secrets/openai
`,
  "aigw.yaml:4:14: static_cluster.openai.api_key: cannot read /run/secrets/openai: no such file, open '/run/secrets/openai'; mount or create the file",
);
wrong(
  'a key written twice',
  'listeners:\n  - port: 1\nadmin: false\nlisteners: []\n',
  'aigw.yaml:4:1: this key is written twice in the same map; keep one of them',
);
wrong('a tab', 'admin:\n\tport: 1\n', 'aigw.yaml:2:1: is indented with a tab; use spaces');
wrong('a tag', 'admin: !env PORT\n', 'aigw.yaml:1:8: YAML tags are not supported; write the plain value');
wrong(
  'a merge key',
  'static_cluster:\n  a: &a { provider: demo }\n  b:\n    <<: *a\n',
  'aigw.yaml:4:5: static_cluster.b: merge keys (<<) are not supported; write the fields out',
);
wrong(
  'an alias without an anchor',
  'admin: *nothing\n',
  'aigw.yaml:1:8: admin: no anchor &nothing stands before this alias',
);
wrong('a list as the document', '- provider: openai\n', 'aigw.yaml:1:1: must be a map, not a list');
wrong('nothing at all', '# nothing here\n', 'aigw.yaml: holds no configuration; write a `static_cluster`');
wrong(
  'two gateway documents',
  'admin: false\n---\nadmin: false\n',
  'aigw.yaml:3:1: is a second gateway document; the first is at aigw.yaml:1; merge the two, or add `apiVersion` and `kind` if this is a resource',
);
wrong(
  'a resource without apiVersion',
  'kind: Gateway\n',
  'aigw.yaml:1:1: has `kind` but no `apiVersion`; a resource needs both',
);
wrong(
  'a target without a cluster',
  `
static_cluster:
  openai: { provider: openai, api_key: abc }
virtual_services:
  - name: default
    virtual_routes:
      - match: { model: gpt-4o }
        split: [{ cluster: opanai }]
        fallback:
          - cluster: bedrock
`,
  'aigw.yaml:7:28: virtual_services[0].virtual_routes[0].split[0].cluster: there is no cluster "opanai"; did you mean `openai`?',
  'aigw.yaml:9:22: virtual_services[0].virtual_routes[0].fallback[0].cluster: there is no cluster "bedrock"; there are openai',
);
wrong(
  'weights of nothing',
  `
static_cluster:
  a: { provider: demo }
virtual_services:
  - name: default
    virtual_routes:
      - split:
          - { cluster: a, weight: 0 }
        fallback:
          - { cluster: a, weight: 0 }
`,
  'aigw.yaml:7:11: virtual_services[0].virtual_routes[0].split: the weights add up to 0, so no target can be chosen; give one target a weight above 0',
  'aigw.yaml:9:13: virtual_services[0].virtual_routes[0].fallback[0]: weight 0 keeps this fallback from ever being tried; remove it or its weight',
);
wrong(
  'a pattern that is none',
  `
static_cluster:
  a: { provider: demo }
virtual_services:
  - name: default
    virtual_routes:
      - match:
          model: { regex: "gpt-(4o" }
          headers: { x-tier: { regex: "(?=gold)" } }
        split: [{ cluster: a }]
`,
  'aigw.yaml:7:27: virtual_services[0].virtual_routes[0].match.model.regex: "gpt-(4o" is not a regular expression: error parsing regexp: missing closing ): `gpt-(4o`; write RE2 syntax, which has no look-around',
  'aigw.yaml:8:39: virtual_services[0].virtual_routes[0].match.headers.x-tier.regex: "(?=gold)" is not a regular expression: error parsing regexp: invalid or unsupported Perl syntax: `(?=`; write RE2 syntax, which has no look-around',
);
wrong(
  'names used twice',
  `
listeners:
  - { name: public, port: 1 }
  - { name: public, port: 1 }
static_cluster:
  a: { provider: demo }
virtual_services:
  - name: default
    listeners: [pubic]
    virtual_routes:
      - { name: r, match: { model: x }, split: [{ cluster: a }] }
      - { name: r, split: [{ cluster: a }] }
  - name: default
`,
  'aigw.yaml:3:13: listeners[1].name: another listener is already named "public"; choose another name',
  'aigw.yaml:3:27: listeners[1].port: port 1 is already taken by listeners[0] (127.0.0.1); choose another port',
  'aigw.yaml:8:17: virtual_services[0].listeners[0]: there is no listener "pubic"; did you mean `public`?',
  'aigw.yaml:11:17: virtual_services[0].virtual_routes[1].name: another virtual route of this service is already named "r"; choose another name',
  'aigw.yaml:12:5: virtual_services[1].domains[0]: the domain "*" already belongs to virtual service "default"; give each service its own `domains` or `listeners`',
  'aigw.yaml:12:11: virtual_services[1].name: another virtual service is already named "default"; choose another name',
);
wrong(
  'domains with two owners',
  `
virtual_services:
  - name: one
    domains: [api.example.com, "*.example.com"]
  - name: two
    domains: [API.example.com, "https://x.example.com/"]
`,
  'aigw.yaml:5:15: virtual_services[1].domains[0]: the domain "API.example.com" already belongs to virtual service "one"; give each service its own `domains` or `listeners`',
  'aigw.yaml:5:32: virtual_services[1].domains[1]: "https://x.example.com/" is not a host name; write the name alone, without scheme, port and path',
);
wrong(
  'what providers need',
  `
static_cluster:
  azure: { provider: azure-openai, api_key: abc }
  bedrock: { provider: aws-bedrock }
  proxied: { provider: aws-bedrock, endpoint: "https://bedrock.internal" }
  vertex:
    provider: gcp-vertex
    region: europe-west4
  local: { provider: openai-compatible }
`,
  'aigw.yaml:2:10: static_cluster.azure: provider azure-openai has no endpoint of its own; add `endpoint: https://...`',
  'aigw.yaml:2:10: static_cluster.azure: provider azure-openai needs `api_version`; add `api_version: 2024-10-21` with your own value',
  'aigw.yaml:3:12: static_cluster.bedrock: provider aws-bedrock needs `region`; add `region: eu-central-1` with your own value',
  'aigw.yaml:4:12: static_cluster.proxied: provider aws-bedrock needs `region`; add `region: eu-central-1` with your own value',
  'aigw.yaml:6:5: static_cluster.vertex: provider gcp-vertex needs `project`; add `project: my-project` with your own value',
  'aigw.yaml:8:10: static_cluster.local: provider openai-compatible has no endpoint of its own; add `endpoint: https://...`',
);
wrong(
  'settings that exclude each other',
  `
static_cluster:
  a:
    provider: vllm
    endpoint: http://one:8000
    endpoints: [http://one:8000, http://two:8000]
    api_key: abc
    credential: { type: none }
`,
  'aigw.yaml:5:16: static_cluster.a.endpoints: cannot stand beside `endpoint`; keep one of them',
  'aigw.yaml:7:17: static_cluster.a.credential: cannot stand beside `api_key`; keep one of them',
);
wrong(
  'listeners open to others',
  `
listeners:
  - { address: 0.0.0.0, port: 10000 }
  - { address: 127.0.0.1, port: 9901 }
admin: { address: "::", port: 9901 }
`,
  'aigw.yaml:2:16: listeners[0].address: 0.0.0.0 is open to other machines and no authentication is configured; listen on 127.0.0.1, or start with --insecure if something in front authenticates',
  'aigw.yaml:4:31: admin.port: port 9901 is already taken by listeners[1] (127.0.0.1); choose another port',
);
wrong(
  'what is only doubtful',
  `
static_cluster:
  openai: { provider: openai }
  local: { provider: vllm, endpoint: "https://gpu:8000", tls: { insecure_skip_verify: true } }
virtual_services:
  - name: default
    virtual_routes:
      - split: [{ cluster: openai }]
      - match: { model: local }
        split: [{ cluster: local }]
`,
  'aigw.yaml:2:11: warning: static_cluster.openai: no credential is configured for OpenAI; add `api_key`, or `credential: { type: pass_through }`',
  'aigw.yaml:3:63: warning: static_cluster.local.tls: certificates are not verified, so anyone on the way can read the traffic; set `tls.ca_file` instead',
  'aigw.yaml:8:9: warning: virtual_services[0].virtual_routes[1]: is never reached: virtual_routes[0] takes every request; move virtual_routes[0] to the end',
);

describe('wrong configurations', () => {
  for (const { name, text, problems } of CASES) {
    it(name, () => {
      assert.deepEqual(problemsOf(text), problems);
    });
  }

  it('never shows the value of a variable', () => {
    for (const { text } of CASES) assert.doesNotMatch(problemsOf(text).join('\n'), /very-secret/);
  });
});
