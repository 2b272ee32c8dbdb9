import { createPagingActivities } from '../../src/activities/page.ts';
import { createIncidentActivities } from '../../src/activities/record-transitions.ts';
import type { ApiDeps } from '../../src/api/deps.ts';
import { createNotificationStore } from '../../src/stores/notifications.ts';
import { createTargetStore } from '../../src/stores/targets.ts';
import { createTransitionStore } from '../../src/stores/transitions.ts';
import { startTestApi, type TestApi } from './api.ts';
import { connectTestTemporal } from './temporal.ts';

/** The API of `startTestApi` with Temporal and a worker behind it: incidents can be changed. No pump runs. */
export async function startWorkingApi(overrides: Partial<Omit<ApiDeps, 'temporal'>> = {}): Promise<TestApi> {
  const temporal = await connectTestTemporal();
  const api = await startTestApi({ temporal, ...overrides });
  const bell = { ring: () => {} };
  const { sql } = api.database;
  const activities = {
    ...createIncidentActivities(createTransitionStore(sql, bell)),
    ...createPagingActivities({ targets: createTargetStore(sql), notifications: createNotificationStore(sql, bell) }),
  };
  let stopWorker!: () => void;
  let worker!: Promise<void>;
  await new Promise<void>((ready, failed) => {
    worker = temporal.withWorker({ activities }, () => {
      ready();
      return new Promise<void>((stopped) => (stopWorker = stopped));
    });
    worker.catch(failed);
  });
  return {
    ...api,
    async close() {
      stopWorker();
      await worker;
      await api.close();
      await temporal.close();
    },
  };
}
