import { decodeBase64 } from './base64.ts';
import { compact } from './compact.ts';
import type { ClusterInput } from './config-input.ts';
import { groupOf, type KindBody } from './kinds.ts';
import type { Report } from './report.ts';
import type { Resource, ResourceHead, ResourcePath } from './resource.ts';
import { followReference, nearestOf, type ResourceSet } from './resource-set.ts';

type TlsInput = NonNullable<ClusterInput['tls']>;
type Backend = Resource<KindBody<'Backend'>>;
type TlsPolicy = Resource<KindBody<'BackendTLSPolicy'>>;

/** Key of a ConfigMap or Secret that holds certificates of authorities. */
const CA_KEY = 'ca.crt';

/** The BackendTLSPolicy of each Backend, by `namespace/name`; the first policy of a Backend counts. */
export function backendTlsPolicies(set: ResourceSet, report: Report): Map<string, TlsPolicy> {
  const policies = new Map<string, TlsPolicy>();
  for (const policy of set.list('BackendTLSPolicy')) {
    for (const [index, target] of policy.body.spec.targetRefs.entries()) {
      const path = ['spec', 'targetRefs', index];
      if (target.kind !== 'Backend' || target.group !== groupOf('Backend')) {
        report.warning(policy, path, `targets a ${target.kind}; only a Backend has connections here: ignored`);
        continue;
      }
      const key = `${policy.namespace}/${target.name}`;
      const other = policies.get(key);
      if (!set.isDeclared('Backend', policy.namespace, target.name)) {
        report.warning(policy, path, `there is no Backend ${key}: ignored`, { fix: nearestOf(set, 'Backend', key) });
      } else if (other !== undefined) {
        report.warning(policy, path, `Backend ${key} already has ${other.namespace}/${other.name}: ignored`);
      } else {
        policies.set(key, policy);
      }
    }
  }
  return policies;
}

/** How to reach a Backend safely; undefined when it is reached in plain text. */
export function translateTls(
  backend: Backend,
  policy: TlsPolicy | undefined,
  context: { set: ResourceSet; report: Report },
): TlsInput | undefined {
  const own = backend.body.spec.tls;
  if (policy === undefined && own === undefined) return undefined;
  const validation = policy?.body.spec.validation;
  const authorities =
    policy === undefined
      ? readAuthorities(own?.caCertificateRefs, { from: backend, path: ['spec', 'tls', 'caCertificateRefs'] }, context)
      : readAuthorities(
          validation?.caCertificateRefs,
          { from: policy, path: ['spec', 'validation', 'caCertificateRefs'] },
          context,
        );
  return compact({
    ca: authorities,
    server_name: validation?.hostname ?? own?.sni,
    insecure_skip_verify: own?.insecureSkipVerify === true ? true : undefined,
  });
}

interface AuthorityReference {
  kind?: string | undefined;
  group?: string | undefined;
  name: string;
}

function readAuthorities(
  references: readonly AuthorityReference[] | undefined,
  place: { from: ResourceHead; path: ResourcePath },
  context: { set: ResourceSet; report: Report },
): string | undefined {
  if (references === undefined || references.length === 0) return undefined;
  const texts = references.flatMap((reference, index) => {
    const path = [...place.path, index];
    const kind = reference.kind ?? 'ConfigMap';
    if (kind !== 'ConfigMap' && kind !== 'Secret') {
      context.report.error(place.from, path, 'only a ConfigMap or a Secret can hold certificates');
      return [];
    }
    const found = followReference(
      context.set,
      { kind, name: reference.name },
      { ...place, path, report: context.report },
    );
    if (found === undefined) return [];
    const text = certificateText(found.body);
    if (text !== undefined) return [text];
    context.report.error(place.from, path, `${kind} ${found.namespace}/${found.name} has no key ${CA_KEY}`);
    return [];
  });
  return texts.length === 0 ? undefined : texts.join('\n');
}

function certificateText(body: KindBody<'ConfigMap'> | KindBody<'Secret'>): string | undefined {
  const plain = 'stringData' in body ? body.stringData?.[CA_KEY] : undefined;
  if (plain !== undefined) return String(plain);
  const value = body.data?.[CA_KEY];
  if (value === undefined) return undefined;
  const text = String(value);
  // A ConfigMap holds text, a Secret base64 of it.
  return text.includes('-----BEGIN') ? text : decodeBase64(text);
}
