import { nearest } from '../nearest.ts';
import { groupOf, type KindBody, type KindName } from './kinds.ts';
import type { Report } from './report.ts';
import { qualifiedName, type Resource, type ResourceHead, type ResourcePath } from './resource.ts';

/** A reference from one resource to another. */
export interface Reference {
  kind: KindName;
  name: string;
  /** The default is the namespace of the resource that refers. */
  namespace?: string | undefined;
}

/** The checked resources of a configuration, found by kind and name. */
export interface ResourceSet {
  /** All of a kind, in the order of the documents. */
  list<Kind extends KindName>(kind: Kind): readonly Resource<KindBody<Kind>>[];
  find<Kind extends KindName>(kind: Kind, namespace: string, name: string): Resource<KindBody<Kind>> | undefined;
  /** Whether a document of that kind and name stands there, be it faulty. */
  isDeclared(kind: KindName, namespace: string, name: string): boolean;
  /** Whether a document of that kind was refused. */
  hasRefused(kind: KindName): boolean;
  /** Whether ReferenceGrants let a kind of one namespace refer to an object of another. */
  isGranted(from: { kinds: readonly KindName[]; namespace: string }, to: Required<Reference>): boolean;
}

/** Indexes resources. `declared` holds `Kind namespace/name` of all documents, those that were refused too. */
export function createResourceSet(resources: readonly Resource<unknown>[], declared: ReadonlySet<string>): ResourceSet {
  const byKind = new Map<string, Resource<unknown>[]>();
  const byName = new Map<string, Resource<unknown>>();
  for (const resource of resources) {
    const siblings = byKind.get(resource.kind) ?? [];
    siblings.push(resource);
    byKind.set(resource.kind, siblings);
    byName.set(`${resource.kind} ${resource.namespace}/${resource.name}`, resource);
  }
  const list = <Kind extends KindName>(kind: Kind) =>
    (byKind.get(kind) ?? []) as unknown as readonly Resource<KindBody<Kind>>[];
  return {
    list,
    find: <Kind extends KindName>(kind: Kind, namespace: string, name: string) =>
      byName.get(`${kind} ${namespace}/${name}`) as Resource<KindBody<Kind>> | undefined,
    isDeclared: (kind, namespace, name) => declared.has(`${kind} ${namespace}/${name}`),
    hasRefused: (kind) => [...declared].filter((name) => name.startsWith(`${kind} `)).length > list(kind).length,
    isGranted: (from, to) =>
      list('ReferenceGrant').some(
        (grant) =>
          grant.namespace === to.namespace &&
          grant.body.spec.from.some(
            (source) =>
              source.namespace === from.namespace &&
              from.kinds.some((kind) => source.kind === kind && source.group === groupOf(kind)),
          ) &&
          grant.body.spec.to.some(
            (target) =>
              target.kind === to.kind &&
              target.group === groupOf(to.kind) &&
              (target.name === undefined || target.name === to.name),
          ),
      ),
  };
}

/** How a reference is followed. */
export interface FollowOptions {
  report: Report;
  /** Where the reference stands. */
  from: ResourceHead;
  path: ResourcePath;
  /** Kinds in whose name a ReferenceGrant may speak; the default is that of `from`. */
  grantedKinds?: readonly KindName[];
}

/** The resource that a reference names; what is wrong with the reference is reported, and undefined returned. */
export function followReference<Kind extends KindName>(
  set: ResourceSet,
  reference: Reference & { kind: Kind },
  options: FollowOptions,
): Resource<KindBody<Kind>> | undefined {
  const { report, from, path } = options;
  const namespace = reference.namespace ?? from.namespace;
  const target = { kind: reference.kind, name: reference.name, namespace };
  const kinds = options.grantedKinds ?? [from.kind as KindName];
  if (namespace !== from.namespace && !set.isGranted({ kinds, namespace: from.namespace }, target)) {
    report.error(
      from,
      path,
      `no ReferenceGrant in namespace ${namespace} lets ${kinds.join(' or ')} of namespace ${from.namespace} refer to ${target.kind} ${namespace}/${target.name}`,
      { fix: `add a ReferenceGrant to namespace ${namespace}` },
    );
    return undefined;
  }
  const found = set.find(reference.kind, namespace, reference.name);
  // A document that is there and was refused has its own error.
  if (found === undefined && !set.isDeclared(reference.kind, namespace, reference.name)) {
    report.error(from, path, `there is no ${reference.kind} ${namespace}/${reference.name}`, {
      fix: nearestOf(set, reference.kind, `${namespace}/${reference.name}`),
    });
  }
  return found;
}

/** A hint that names the resource most likely meant by `namespace/name`; undefined when none is near. */
export function nearestOf(set: ResourceSet, kind: KindName, wanted: string): string | undefined {
  const slash = wanted.indexOf('/');
  const namespace = wanted.slice(0, Math.max(slash, 0));
  const name = wanted.slice(slash + 1);
  const all = set.list(kind);
  const siblings = all.filter((item) => item.namespace === namespace).map((item) => item.name);
  const sibling = nearest(name, siblings);
  const found =
    sibling === undefined
      ? all.find((item) => item.name === name)
      : all.find((item) => item.name === sibling && item.namespace === namespace);
  return found === undefined ? undefined : `did you mean ${qualifiedName(found)}?`;
}
