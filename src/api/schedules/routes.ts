import type { ApiDeps } from '../deps.ts';
import type { Route } from '../route.ts';
import { createEntryRoutes } from './entry-routes.ts';
import { createOnCallRoutes } from './on-call-routes.ts';
import { createOverrideRoutes } from './override-routes.ts';
import { createWhoIsOnCallRoute } from './who-is-on-call-route.ts';

export function createScheduleRoutes(deps: ApiDeps): Route[] {
  return [
    ...createEntryRoutes(deps),
    ...createOverrideRoutes(deps),
    ...createOnCallRoutes(deps),
    createWhoIsOnCallRoute(deps),
  ];
}
