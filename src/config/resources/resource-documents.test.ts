import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { formatIssue } from '../issue.ts';
import { parseDocuments, type SourceDocument } from '../yaml-documents.ts';
import type { VirtualRouteInput } from './config-input.ts';
import { configFromResources } from './load-resources.ts';
import type { SecretSources } from './secrets.ts';

/** Documents of a YAML text, their values as written. For tests. */
export function documentsOf(text: string, file = 'test.yaml'): SourceDocument[] {
  const { documents, issues } = parseDocuments(file, text);
  if (issues.length > 0) throw new Error(issues.map(formatIssue).join('\n'));
  return documents.map((document) => document.read(({ text: value }) => ({ value, problems: [] })).document);
}

/** The text of a file in `testdata`. */
export function testdata(name: string): string {
  return readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8');
}

/** A world with the given variables and files and nothing else. */
export function sourcesOf(world: { env?: Record<string, string>; files?: Record<string, string> } = {}): SecretSources {
  return {
    env: world.env ?? {},
    homeDirectory: '/home/tester',
    readText(path) {
      const text = world.files?.[path];
      if (text === undefined) throw new Error('no such file');
      return text;
    },
  };
}

/** A configuration and its issues as lines without file and position. */
export function load(text: string, sources: SecretSources = sourcesOf()) {
  const { config, issues } = configFromResources(documentsOf(text), sources);
  const lines = (severity: 'error' | 'warning') =>
    issues
      .filter((issue) => issue.severity === severity)
      .map((issue) => formatIssue({ ...issue, line: 0, file: '' }).replace(/^: (warning: )?/, ''));
  return { config, issues, errors: lines('error'), warnings: lines('warning') };
}

/** A class, a Gateway `g` with the listener `l`, a Backend `b` and an AIServiceBackend `a`. */
export const FRAME = `
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: c}, spec: {controllerName: aigw.dev/gatewayclass-controller}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g}, spec: {gatewayClassName: c, listeners: [{name: l, protocol: HTTP, port: 80}]}}
---
{apiVersion: gateway.envoyproxy.io/v1alpha1, kind: Backend, metadata: {name: b}, spec: {endpoints: [{fqdn: {hostname: api.test, port: 443}}]}}
---
{apiVersion: aigateway.envoyproxy.io/v1beta1, kind: AIServiceBackend, metadata: {name: a}, spec: {schema: {name: OpenAI}, backendRef: {group: gateway.envoyproxy.io, kind: Backend, name: b}}}
`;

/** A document of the reference system's group. */
export function ai(kind: string, spec: string, metadata = 'name: x'): string {
  return `---\n{apiVersion: aigateway.envoyproxy.io/v1beta1, kind: ${kind}, metadata: {${metadata}}, spec: ${spec}}\n`;
}

/** An AIGatewayRoute `x` of the Gateway. */
export function route(rules: string, metadata = 'name: x'): string {
  return ai('AIGatewayRoute', `{parentRefs: [{name: g}], rules: ${rules}}`, metadata);
}

/** A Secret `s`. */
export function secret(fields: string, metadata = 'name: s'): string {
  return `---\n{apiVersion: v1, kind: Secret, metadata: {${metadata}}, ${fields}}\n`;
}

/** A policy of Envoy Gateway's group, `p`. */
export function policy(kind: string, spec: string, metadata = 'name: p'): string {
  return `---\n{apiVersion: gateway.envoyproxy.io/v1alpha1, kind: ${kind}, metadata: {${metadata}}, spec: ${spec}}\n`;
}

/** The target `HTTPRoute x`, or another, as a policy names it. */
export function target(kind = 'HTTPRoute', name = 'x', section?: string): string {
  const sectionName = section === undefined ? '' : `, sectionName: ${section}`;
  return `targetRefs: [{group: gateway.networking.k8s.io, kind: ${kind}, name: ${name}${sectionName}}]`;
}

/** A document of this gateway's own group. */
export function own(kind: string, spec: string, name = 'o'): string {
  return `---\n{apiVersion: aigw.dev/v1alpha1, kind: ${kind}, metadata: {name: ${name}}, spec: ${spec}}\n`;
}

/** The virtual routes that the frame and a text make. */
export function routesOf(text: string): VirtualRouteInput[] {
  const { config, errors } = load(`${FRAME}${text}`);
  assert.deepEqual(errors, []);
  return (config.virtual_services ?? []).flatMap((service) => service.virtual_routes ?? []);
}
