// The snapshot is compiled from the configuration's types alone; zod stays behind in `config/`.
export type {
  AuthFilterConfig,
  BodyMutationConfig,
  BudgetConfig,
  DynamicClusterConfig,
  GatewayConfig,
  HeaderMutationConfig,
  MirrorConfig,
  OrganizationConfig,
  RateLimitConfig,
  RouteMatchConfig,
  StaticClusterConfig,
  TargetConfig,
  VirtualRouteConfig,
  VirtualServiceConfig,
} from '../config/model.ts';
