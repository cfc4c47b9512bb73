import { AUDIT_ROUTES } from './audit-routes.ts';
import { CLUSTER_ROUTES } from './clusters.ts';
import { CONFIG_ROUTES } from './config-routes.ts';
import { KEY_ROUTES } from './keys/key-routes.ts';
import { LIMIT_ROUTES } from './limits/limit-routes.ts';
import { OVERRIDE_ROUTES } from './limits/override-routes.ts';
import { MONITOR_ROUTES } from './monitor-routes.ts';
import { openApiRoute } from './openapi.ts';
import { ORGANIZATION_ROUTES } from './organization-routes.ts';
import { PRICE_ROUTES } from './price-routes.ts';
import type { AdminRoute } from './route.ts';
import { USAGE_ROUTES } from './usage/usage-routes.ts';

/** Every route of the admin server; what is not here does not exist. `docs/admin-api.md` lists the same; a test holds the two together. */
export const ADMIN_ROUTES: readonly AdminRoute[] = [
  ...MONITOR_ROUTES,
  openApiRoute(() => ADMIN_ROUTES),
  ...CONFIG_ROUTES,
  ...ORGANIZATION_ROUTES,
  ...KEY_ROUTES,
  ...USAGE_ROUTES,
  ...LIMIT_ROUTES,
  ...OVERRIDE_ROUTES,
  ...PRICE_ROUTES,
  ...CLUSTER_ROUTES,
  ...AUDIT_ROUTES,
];
