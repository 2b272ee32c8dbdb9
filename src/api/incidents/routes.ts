import type { ApiDeps } from '../deps.ts';
import type { Route } from '../route.ts';
import { createBulkRoute } from './bulk-route.ts';
import { createCommandRoutes } from './command-routes.ts';
import { createMembershipRoutes } from './membership-routes.ts';
import { createMergeRoute } from './merge-route.ts';
import { createOpenRoute } from './open-route.ts';
import { createPendingActionRoutes } from './pending-action-routes.ts';
import { createPeopleRoutes } from './people-routes.ts';
import { createReadRoutes } from './read-routes.ts';
import { createTextRoutes } from './text-routes.ts';
import { createUpdateRoute } from './update-route.ts';

export function createIncidentRoutes(deps: ApiDeps): Route[] {
  return [
    createOpenRoute(deps),
    ...createReadRoutes(deps),
    createUpdateRoute(deps),
    ...createCommandRoutes(deps),
    ...createPeopleRoutes(deps),
    ...createTextRoutes(deps),
    ...createPendingActionRoutes(deps),
    createMergeRoute(deps),
    ...createMembershipRoutes(deps),
    createBulkRoute(deps),
  ];
}
