import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { removeDataDir, startProduct, type TestProduct } from '../support/product.ts';
import { createStory } from '../support/story.ts';
import { recordLife, type LifeSources, type RecordedLife } from './recorded-life.ts';
import { deleteFirstRulesets } from './scene.ts';
import { faultsOf } from './sources/compare.ts';
import { incidentIoSources } from './sources/incident-io-v2.ts';
import { pagerdutyV1Sources } from './sources/pagerduty-v1.ts';
import { pagerdutyV2Sources } from './sources/pagerduty-v2.ts';
import { pagerdutyV3Sources } from './sources/pagerduty-v3.ts';
import { pulseapiSources } from './sources/pulseapi.ts';

const twoSources: LifeSources[] = [
  {
    team: 'Payments',
    members: ['Ada', 'Ben', 'Cem', 'Dan'],
    policies: ['Checkout', 'Database'],
    webhook: {
      name: 'Checkout probe',
      description: 'Buys a sock every minute.',
      monitor_url: 'https://shop.example.com/checkout',
      monitor_method: 'GET',
    },
    ruleset: {
      name: 'Checkout is failing',
      description: 'Orders fail.',
      urgency: 'high',
      severity: 'SEV1',
      priority: 'P3',
      acknowledgement_timeout: 1_800,
      auto_resolve_timeout: 14_400,
      support_hours: null,
    },
    key: 'checkout',
    check: { status: 503, ms: 1_203, error: 'HTTP error: 503' },
    priority: 'P1',
    bridge: { number: '+1 415 555 0100', url: 'https://meet.example.com/1' },
    note: 'It is DNS.',
    statusUpdate: 'We are on it.',
    help: 'You know it best.',
    rootCause: 'An expired domain',
    subscription: { name: 'Pager', description: 'To the old pager' },
  },
  {
    team: 'Search',
    members: ['Eva', 'Fay', 'Gus', 'Hal'],
    policies: ['Search', 'Index'],
    webhook: {
      name: 'Search probe',
      description: 'Looks for socks.',
      monitor_url: 'https://search.example.com/',
      monitor_method: 'POST',
    },
    ruleset: {
      name: 'Nothing is found',
      description: 'Searches are empty.',
      urgency: 'low',
      severity: 'SEV3',
      priority: 'P4',
      acknowledgement_timeout: 900,
      auto_resolve_timeout: 7_200,
      support_hours: null,
    },
    key: 'search',
    check: { status: 500, ms: 87, error: 'HTTP error: 500' },
    priority: 'P2',
    bridge: { number: '+49 30 1234', url: 'https://meet.example.com/2' },
    note: 'The index is empty.',
    statusUpdate: 'We are rebuilding it.',
    help: 'You wrote it.',
    rootCause: 'A lost volume',
    subscription: { name: 'Archive', description: 'To the archive' },
  },
];

/**
 * Every value that the vendors' samples fill is filled by ours, from a source that is named in `sources/`: in two lives of
 * which all sources differ, it is what its source says, and differs. What nothing changes says why.
 */
describe('dialects/sources', function () {
  this.timeout(240_000);
  let product: TestProduct;
  let lives: [RecordedLife, RecordedLife];
  const story = createStory(() => product);

  before(async () => {
    product = await startProduct();
    await deleteFirstRulesets(story);
    // One after the other: times are told to the second. The later one also lasts longer.
    const first = await recordLife(story, twoSources[0]!);
    lives = [first, await recordLife(story, twoSources[1]!, first.seconds + 2)];
  });
  after(async () => {
    await product.killAll();
    await removeDataDir(product.dataDir);
  });

  for (const sourced of [
    ...pulseapiSources,
    ...pagerdutyV3Sources,
    ...pagerdutyV2Sources,
    ...pagerdutyV1Sources,
    ...incidentIoSources,
  ])
    it(sourced.sample, () => {
      const file = new URL(`../outbound/fixtures/${sourced.sample}.json`, import.meta.url);
      const sample = JSON.parse(readFileSync(file, 'utf8'));
      assert.deepEqual(faultsOf(sample, sourced, lives), []);
    });
});
