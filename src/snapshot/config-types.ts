// The snapshot is compiled from the configuration's types alone; zod stays behind in `config/`.
export type {
  BodyMutationConfig,
  GatewayConfig,
  HeaderMutationConfig,
  RouteMatchConfig,
  StaticClusterConfig,
  TargetConfig,
  VirtualRouteConfig,
  VirtualServiceConfig,
} from '../config/model.ts';
