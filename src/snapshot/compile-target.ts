import { mergeBodyMutations, mergeHeaderMutations } from './compile-mutation.ts';
import type { MirrorConfig, TargetConfig } from './config-types.ts';
import type { Cluster, Mirror, Route, Target } from './snapshot.ts';

/** What the parts of a snapshot are compiled against. */
export interface CompileContext {
  readonly clusters: ReadonlyMap<string, Cluster>;
  /** Every target compiled so far; `target.index` is its place here. */
  readonly targets: Target[];
  /** Every route compiled so far; `route.index` is its place here. */
  readonly routes: Route[];
}

/** Compiles one way to serve a route. Throws Error when its cluster does not exist. */
export function compileTarget(
  config: Omit<TargetConfig, 'weight'> & { weight?: number },
  context: CompileContext,
): Target {
  const cluster = context.clusters.get(config.cluster);
  if (cluster === undefined) throw new Error(`cluster "${config.cluster}" does not exist`);
  const own = cluster.config;
  const fixed = { remove: [], set: Object.entries(own.headers).map(([name, value]) => ({ name, value })) };
  const target = Object.freeze({
    index: context.targets.length,
    cluster,
    model: config.model,
    weight: config.weight ?? 1,
    headers: mergeHeaderMutations([fixed, own.header_mutation, config.header_mutation]),
    bodyEdits: mergeBodyMutations([own.body_mutation, config.body_mutation]),
  });
  context.targets.push(target);
  return target;
}

/** Compiles a copy's destination. */
export function compileMirror(config: MirrorConfig, context: CompileContext): Mirror {
  return { target: compileTarget(config, context), share: config.percent / 100 };
}
