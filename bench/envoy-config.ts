/** Envoy as nothing but a reverse proxy: one listener, one route, one cluster. Bounds that would cut long or many streams are lifted. */
export function envoyConfig(providerPort: number): object {
  const loopback = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });
  const router = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';
  const manager =
    'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  const unbounded = {
    max_connections: 100_000,
    max_pending_requests: 100_000,
    max_requests: 100_000,
  };
  return {
    admin: { address: loopback(0) },
    static_resources: {
      listeners: [
        {
          name: 'bench',
          address: loopback(0),
          filter_chains: [
            {
              filters: [
                {
                  name: 'envoy.filters.network.http_connection_manager',
                  typed_config: {
                    '@type': manager,
                    stat_prefix: 'plain',
                    stream_idle_timeout: '0s',
                    route_config: {
                      virtual_hosts: [
                        {
                          name: 'all',
                          domains: ['*'],
                          routes: [{ match: { prefix: '/' }, route: { cluster: 'provider', timeout: '0s' } }],
                        },
                      ],
                    },
                    http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': router } }],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'provider',
          type: 'STATIC',
          circuit_breakers: { thresholds: [unbounded] },
          load_assignment: {
            cluster_name: 'provider',
            endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(providerPort) } }] }],
          },
        },
      ],
    },
  };
}
