import type { ApiDeps } from '../deps.ts';
import type { Route } from '../route.ts';
import { createCommandRoutes } from './command-routes.ts';
import { createOpenRoute } from './open-route.ts';
import { createReadRoutes } from './read-routes.ts';
import { createUpdateRoute } from './update-route.ts';

export function createIncidentRoutes(deps: ApiDeps): Route[] {
  return [createOpenRoute(deps), ...createReadRoutes(deps), createUpdateRoute(deps), ...createCommandRoutes(deps)];
}
