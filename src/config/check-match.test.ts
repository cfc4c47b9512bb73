import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, formatIssue } from './issue.ts';
import { loadConfig } from './load.ts';

/** What `aigw validate` would print for a file named aigw.yaml whose first route has this match, from line 7 on. */
function problemsOf(match: string, service = ''): string[] {
  const text = `static_cluster:
  a: { provider: demo }
virtual_services:
  - name: s${service}
    virtual_routes:
      - match:
${match
  .trim()
  .split('\n')
  .map((line) => `          ${line}`)
  .join('\n')}
        split: [{ cluster: a }]
`;
  const options = { env: {}, homeDirectory: '/home/ada', readText: () => assert.fail('nothing is to be read') };
  try {
    return loadConfig([{ file: 'aigw.yaml', text }], options).warnings.map(formatIssue);
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map(formatIssue);
    throw error;
  }
}

const MATCH = 'virtual_services[0].virtual_routes[0].match';

describe('conditions that cannot be used', () => {
  const cases: [match: string, problem: string][] = [
    ['paths: [v1/chat]', `aigw.yaml:7:19: ${MATCH}.paths[0]: must start with "/"`],
    ['paths: []', `aigw.yaml:7:18: ${MATCH}.paths: must have at least 1 entry`],
    [
      'paths: [/v1, { regex: "(" }]',
      `aigw.yaml:7:33: ${MATCH}.paths[1].regex: "(" is not a regular expression: error parsing regexp: missing closing ): \`(\`; write RE2 syntax, which has no look-around`,
    ],
    [
      'headers: { "x tier": gold }',
      `aigw.yaml:7:22: ${MATCH}.headers["x tier"]: the name "x tier" is not a header name`,
    ],
    ['query: { a: { regexp: x } }', `aigw.yaml:7:25: ${MATCH}.query.a.regexp: unknown field; did you mean \`regex\`?`],
    [
      'body: { tier: gold }',
      `aigw.yaml:7:19: ${MATCH}.body.tier: "tier" names no field: a JSON pointer begins with "/"; write one such as /metadata/tier`,
    ],
    [
      'body: { "": gold }',
      `aigw.yaml:7:19: ${MATCH}.body[""]: "" names no field: it stands for the whole body; write one such as /metadata/tier`,
    ],
    [
      'body: { /tier: { regex: "a**" } }',
      `aigw.yaml:7:35: ${MATCH}.body["/tier"].regex: "a**" is not a regular expression: error parsing regexp: invalid nested repetition operator: \`**\`; write RE2 syntax, which has no look-around`,
    ],
    ['methods: [post]', `aigw.yaml:7:21: ${MATCH}.methods[0]: "post" is unknown; did you mean \`POST\`?`],
    ['operations: [chats]', `aigw.yaml:7:24: ${MATCH}.operations[0]: "chats" is unknown; did you mean \`chat\`?`],
    [
      'hosts: ["https://example.com"]',
      `aigw.yaml:7:19: ${MATCH}.hosts[0]: "https://example.com" is not a host name; write the name alone, without scheme, port and path`,
    ],
    ['stream: sometimes', `aigw.yaml:7:19: ${MATCH}.stream: must be true or false, not "sometimes"`],
    ['prompt_tokens: {}', `aigw.yaml:7:26: ${MATCH}.prompt_tokens: is empty; write \`min\`, \`max\` or both`],
    [
      'prompt_tokens: { min: 10, max: 5 }',
      `aigw.yaml:7:26: ${MATCH}.prompt_tokens: no number is at least 10 and at most 5; exchange the two`,
    ],
    [
      'cel: modl == "x"',
      `aigw.yaml:7:16: ${MATCH}.cel: is not an expression that can be used: unknown variable: modl (at character 1); docs/routing.md lists the variables`,
    ],
    [
      'cel: prompt_tokens + 1',
      `aigw.yaml:7:16: ${MATCH}.cel: is not an expression that can be used: the expression is of type int; it must be of type bool; docs/routing.md lists the variables`,
    ],
    ['cel: ""', `aigw.yaml:7:16: ${MATCH}.cel: must not be empty`],
  ];
  for (const [match, problem] of cases) it(match, () => assert.deepEqual(problemsOf(match), [problem]));
});

it('all of them are reported at once, in a list of matches too', () => {
  const match = '- { body: { x: 1 } }\n- { cel: "(" }';
  const [first, second, ...more] = problemsOf(match);
  assert.match(first ?? '', /^aigw\.yaml:7:23: .*match\[0\]\.body\.x: /);
  assert.match(second ?? '', /^aigw\.yaml:8:20: .*match\[1\]\.cel: .*unexpected token: EOF \(at character 2\)/);
  assert.deepEqual(more, []);
});

it('conditions on who sends a request need something that finds out', () => {
  const match = 'teams: [search]\nclaims: { sub: ada }';
  const message =
    'never holds: nothing authenticates the clients of virtual service "s"; add `auth_filter` to the service, or remove the condition';
  assert.deepEqual(problemsOf(match), [
    `aigw.yaml:7:11: warning: ${MATCH}.teams: ${message}`,
    `aigw.yaml:8:11: warning: ${MATCH}.claims: ${message}`,
  ]);
  assert.deepEqual(problemsOf('claims: { /a~: b }').filter((line) => !line.includes('warning')).length, 1);
});

it('every condition can be written', () => {
  const match = `
model: { glob: "gpt-*" }
hosts: [api.example.com, "*.example.org"]
paths: [/v1/chat/completions, { prefix: /v1/ }, { regex: "/v[0-9]+/.*" }, { glob: "/*/messages" }]
methods: [POST]
operations: [chat, messages]
headers: { x-tier: gold, x-team: { regex: "a|b" }, x-debug: { present: false } }
query: { region: { prefix: eu } }
body: { /temperature: 0, /metadata/tier: { glob: "g*" }, /messages/-1/role: user, /n: null, /logprobs: true }
stream: true
tools: false
prompt_tokens: { min: 1, max: 100000 }
cel: body.max_tokens > 100 && source_ip.startsWith("10.")
`;
  assert.deepEqual(problemsOf(match), []);
});
