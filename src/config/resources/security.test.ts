import assert from 'node:assert/strict';
import { test } from 'node:test';
import { validateValue } from '../validate.ts';
import { ai, FRAME, load, own, policy, route, secret, sourcesOf, target } from './resource-documents.test.ts';

const RULES = '[{backendRefs: [{name: a}]}]';
const KEYS =
  'apiKeyAuth: {credentialRefs: [{name: s}], extractFrom: [{headers: [X-Key]}, {headers: [x-other], }, {params: [key]}, {cookies: [k]}], forwardClientIDHeader: X-Client, sanitize: true}';

function guard(spec: string, targets = target(), name = 'p'): string {
  return policy('SecurityPolicy', `{${targets}, ${spec}}`, `name: ${name}`);
}

function made(text: string, sources = sourcesOf()) {
  const { config, errors, warnings } = load(`${FRAME}${route(RULES)}${text}`, sources);
  const services = config.virtual_services ?? [];
  if (errors.length === 0) assert.deepEqual(validateValue(config).issues, []);
  return { filter: services[0]?.auth_filter, services, errors, warnings };
}

test('apiKeyAuth: every client of every Secret, where keys are looked for, the header of the client', () => {
  const more = secret('stringData: {bob: key-of-bob, ada: ignored}', 'name: more');
  const { filter, errors, warnings } = made(
    `${guard(KEYS.replace('[{name: s}]', '[{name: s}, {name: more}]'))}${secret('stringData: {ada: " key-of-ada "}')}${more}`,
  );
  assert.deepEqual([...errors, ...warnings], []);
  assert.deepEqual(filter, {
    api_keys: [
      { name: 'ada', key: 'key-of-ada' },
      { name: 'bob', key: 'key-of-bob' },
    ],
    extract_from: { headers: ['x-key', 'x-other'], query: ['key'], cookies: ['k'] },
    forward_client_id: 'X-Client',
  });
});

test('a key that this machine lacks lets nobody in', () => {
  const { filter, warnings } = made(
    `${guard(KEYS)}${secret('type: Opaque', 'name: s, annotations: {substitution.aigw.run/env/ada: NOT_SET}')}`,
  );
  assert.deepEqual(filter?.api_keys, []);
  assert.deepEqual(warnings, [
    'SecurityPolicy default/p: spec.apiKeyAuth.credentialRefs[0]: the key of ada cannot be used: the environment variable NOT_SET is not set',
  ]);
});

test('basicAuth: the users of .htpasswd, whose hash must be SHA', () => {
  const hash = '{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=';
  const basic = (lines: string) =>
    made(`${guard('basicAuth: {users: {name: s}}')}${secret(`stringData: {.htpasswd: "${lines}"}`)}`);
  assert.deepEqual(basic(`# users\\nada:${hash}\\n\\nbob:${hash}\\n`).filter, {
    basic: [
      { user: 'ada', password_hash: hash },
      { user: 'bob', password_hash: hash },
    ],
    extract_from: { headers: ['authorization'] },
  });
  assert.deepEqual(basic('ada:$apr1$x$y').errors, [
    'SecurityPolicy default/p: spec.basicAuth.users: line 1 of .htpasswd is not `user:{SHA}hash`; make it with `htpasswd -s`',
  ]);
  assert.deepEqual(made(`${guard('basicAuth: {users: {name: s}}')}${secret('stringData: {users: x}')}`).errors, [
    'SecurityPolicy default/p: spec.basicAuth.users: Secret default/s has no key .htpasswd; rename its key users to .htpasswd',
  ]);
});

test('jwt: issuers, audiences, key sets from afar, inline and from a ConfigMap; where tokens stand', () => {
  const map = '---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: m}, data: {jwks: "{\\"keys\\":[]}"}}\n';
  const providers = `[{name: a, issuer: ia, audiences: [x], remoteJWKS: {uri: "https://keys.test/jwks"}}, {name: b, issuer: ib, localJWKS: {type: ValueRef, valueRef: {group: "", kind: ConfigMap, name: m}}, extractFrom: {headers: [{name: X-Token}, {name: Authorization, valuePrefix: "Bearer "}], cookies: [t], params: [token]}}]`;
  const { filter, errors } = made(`${guard(`jwt: {optional: true, providers: ${providers}}`)}${map}`);
  assert.deepEqual(errors, []);
  assert.deepEqual(filter, {
    jwt: [
      { issuer: 'ia', audiences: ['x'], jwks: { url: 'https://keys.test/jwks' } },
      { issuer: 'ib', jwks: { inline: '{"keys":[]}' } },
    ],
    extract_from: { headers: ['authorization', 'x-token'], query: ['access_token', 'token'], cookies: ['t'] },
    optional: true,
  });
});

test('jwt: what cannot be checked does not load', () => {
  const errorsOf = (provider: string) => made(guard(`jwt: {providers: [{name: a, ${provider}}]}`)).errors;
  const at = 'SecurityPolicy default/p: spec.jwt.providers[0]';
  assert.deepEqual(errorsOf('remoteJWKS: {uri: "https://keys.test"}'), [
    `${at}: a token of any issuer cannot be accepted; add the issuer that the claim \`iss\` must name`,
  ]);
  assert.deepEqual(errorsOf('issuer: i, remoteJWKS: {uri: keys}'), [
    `${at}.remoteJWKS.uri: "keys" is not a URL that key sets are fetched from; write one with http: or https:, without user, query and fragment`,
  ]);
  assert.deepEqual(errorsOf('issuer: i'), [`${at}: rule "either remoteJWKS or localJWKS must be specified."`]);
  assert.deepEqual(errorsOf('issuer: i, localJWKS: {valueRef: {name: lost}}'), [
    `${at}.localJWKS.valueRef: there is no ConfigMap default/lost`,
  ]);
  assert.deepEqual(
    errorsOf('issuer: i, localJWKS: {inline: "{}"}, extractFrom: {headers: [{name: x, valuePrefix: "Token "}]}'),
    [`${at}.extractFrom.headers[0].valuePrefix: tokens behind "Token " are not found; use "Bearer ", or none`],
  );
});

test('two ways at once, which Envoy asks for together, do not load', () => {
  const both = `${KEYS}, basicAuth: {users: {name: s}}`;
  assert.deepEqual(made(`${guard(both)}${secret('stringData: {.htpasswd: ""}')}`).errors, [
    'SecurityPolicy default/p: spec.basicAuth: apiKeyAuth and basicAuth in one policy ask a request for all of them, which is not supported; keep one of them',
  ]);
});

test('guards that are not supported are named as not enforced', () => {
  const { filter, warnings } = made(guard('oidc: {}, extAuth: {}, authorization: {}, cors: {}'));
  assert.equal(filter, undefined);
  const open =
    'is not supported yet, so anyone who reaches the listener can use HTTPRoute default/x; keep the listener private, or let something in front of it decide';
  assert.deepEqual(warnings, [
    ...['oidc', 'extAuth', 'authorization'].map(
      (way) => `SecurityPolicy default/p: spec.${way}: NOT ENFORCED: ${way} ${open}`,
    ),
    'SecurityPolicy default/p: spec.cors: is not supported yet: ignored',
  ]);
  const { warnings: partly } = made(`${guard(`${KEYS}, authorization: {}`)}${secret('stringData: {ada: k}')}`);
  assert.match(
    partly[0] ?? '',
    /NOT ENFORCED: authorization is not supported yet, so everyone who passes apiKeyAuth can/,
  );
});

const SECRET = secret('stringData: {ada: k}');

test('the policy of the narrower target takes the place of the wider one, or adds to it', () => {
  const wide = guard(KEYS, target('Gateway', 'g'), 'wide');
  assert.equal(made(`${wide}${SECRET}`).filter?.forward_client_id, 'X-Client');
  assert.equal(made(`${wide}${guard('cors: {}')}${SECRET}`).filter, undefined);
  const added = made(`${wide}${guard('mergeType: StrategicMerge, cors: {}')}${SECRET}`);
  assert.equal(added.filter?.forward_client_id, 'X-Client');
});

test('host names with other guards are services of their own', () => {
  const listeners = FRAME.replace('port: 80}]', 'port: 80}, {name: private, protocol: HTTP, port: 81}]');
  const text = `${listeners}${route(RULES)}${guard(KEYS, target('Gateway', 'g', 'l'))}${SECRET}`;
  const { config, errors } = load(text);
  assert.deepEqual(errors, []);
  assert.deepEqual(
    config.virtual_services?.map((service) => [service.listeners, service.auth_filter?.forward_client_id]),
    [
      [['l'], 'X-Client'],
      [['private'], undefined],
    ],
  );
});

test('a policy for one of two routes of a host name cannot be held to, so it does not load', () => {
  const other = (hostnames: string) =>
    ai(
      'AIGatewayRoute',
      `{parentRefs: [{name: g}], ${hostnames} rules: [{matches: [{headers: [{name: x-a, value: "1"}]}], backendRefs: [{name: a}]}]}`,
      'name: other',
    );
  const { errors } = made(`${other('')}${guard(KEYS)}${SECRET}`);
  assert.deepEqual(errors, [
    'SecurityPolicy default/p: spec: cannot be enforced for AIGatewayRoute default/x alone: no policy that authenticates guards AIGatewayRoute default/other, which shares all host names of listener l with it; give the routes `hostnames` of their own, or let one policy target both or their Gateway',
  ]);
  const apart = made(`${other('hostnames: [other.test],')}${guard(KEYS)}${SECRET}`);
  assert.deepEqual(apart.errors, []);
  assert.deepEqual(
    apart.services.map(({ domains, auth_filter }) => [domains, auth_filter !== undefined]),
    [
      [['*'], true],
      [['other.test'], false],
    ],
  );
});

test('routes match the caller, not what a client writes into the header', () => {
  const headers = '[{name: X-Client, value: ada}, {name: x-free, value: b}]';
  const matchOf = (spec: string, conditions = headers) => {
    const { config, errors } = load(
      `${FRAME}${route(`[{matches: [{headers: ${conditions}}], backendRefs: [{name: a}]}]`)}${guard(spec)}${SECRET}`,
    );
    return errors.length > 0 ? errors : config.virtual_services?.[0]?.virtual_routes?.[0]?.match;
  };
  assert.deepEqual(matchOf(KEYS), { headers: { 'x-free': { exact: 'b' } }, keys: ['ada'] });
  const tokens =
    'jwt: {providers: [{name: j, issuer: i, localJWKS: {inline: "{}"}, claimToHeaders: [{claim: org.team, header: x-client}]}]}';
  assert.deepEqual(matchOf(tokens), {
    headers: { 'x-free': { exact: 'b' } },
    claims: { 'org.team': { exact: 'ada' } },
  });
  assert.deepEqual(matchOf(KEYS, '[{name: x-client, type: RegularExpression, value: "a.*"}]'), [
    'AIGatewayRoute default/x: spec.rules[0].matches[0].headers[0]: x-client is set by authentication and can be compared with exact values only; write type: Exact',
  ]);
});

test('the guard of a Gateway holds for own services on its listeners, unless they have one', () => {
  const services = `${own('VirtualService', '{domains: [a.test], virtualRoutes: [{split: [{cluster: a}]}]}', 'open')}${own('VirtualService', '{domains: [b.test], authFilter: {apiKeys: [{name: n, key: own}]}, virtualRoutes: [{split: [{cluster: a}]}]}', 'own')}`;
  const { services: all, errors } = made(`${services}${guard(KEYS, target('Gateway', 'g'))}${SECRET}`);
  assert.deepEqual(errors, []);
  assert.deepEqual(
    all.map(({ name, auth_filter }) => [name, auth_filter?.forward_client_id]),
    [
      ['default', 'X-Client'],
      ['default/open', 'X-Client'],
      ['default/own', undefined],
    ],
  );
  assert.deepEqual(all[2]?.auth_filter?.api_keys, [{ name: 'n', key: 'own' }]);
});
