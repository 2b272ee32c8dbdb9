import type { ApiDeps } from '../../deps.ts';
import type { Route } from '../../route.ts';
import { createCreateRoutes } from './create-routes.ts';
import { createEditRoute } from './edit-route.ts';
import { createReadRoutes } from './read-routes.ts';
import { createTimestampRoutes } from './timestamp-routes.ts';
import { createUpdatesRoute } from './updates-route.ts';

export function createIncidentIoIncidentRoutes(deps: ApiDeps): Route[] {
  return [
    ...createCreateRoutes(deps),
    ...createReadRoutes(deps),
    createEditRoute(deps),
    createUpdatesRoute(deps),
    ...createTimestampRoutes(),
  ];
}
