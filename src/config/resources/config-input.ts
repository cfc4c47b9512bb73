import type { GatewayConfigInput } from '../model.ts';

/** One entry of `static_cluster`, as a program writes it. */
export type ClusterInput = NonNullable<GatewayConfigInput['static_cluster']>[string];
/** One entry of `dynamic_cluster`, as a program writes it. */
export type DynamicClusterInput = NonNullable<GatewayConfigInput['dynamic_cluster']>[string];
/** A cluster's credential. */
export type CredentialInput = NonNullable<ClusterInput['credential']>;
/** One entry of `listeners`. */
export type ListenerInput = NonNullable<GatewayConfigInput['listeners']>[number];
/** One entry of `virtual_services`. */
export type VirtualServiceInput = NonNullable<GatewayConfigInput['virtual_services']>[number];
/** One entry of `virtual_routes`. */
export type VirtualRouteInput = NonNullable<VirtualServiceInput['virtual_routes']>[number];
/** One match of a route. */
export type RouteMatchInput = Exclude<NonNullable<VirtualRouteInput['match']>, readonly unknown[]>;
/** One target of a route's `split`. */
export type TargetInput = VirtualRouteInput['split'][number];
/** One target of a route's `fallback`. */
export type FallbackInput = NonNullable<VirtualRouteInput['fallback']>[number];
/** A route's `retry`. */
export type RetryInput = NonNullable<VirtualRouteInput['retry']>;
/** A route's `timeout`. */
export type TimeoutInput = NonNullable<VirtualRouteInput['timeout']>;
