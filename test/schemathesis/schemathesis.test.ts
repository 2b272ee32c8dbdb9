import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createAddressGuard } from '../../src/outbound/address-guard.ts';
import type { Json, TestApi } from '../support/api.ts';
import { startWorkingApi } from '../support/working-api.ts';

const here = fileURLToPath(new URL('./', import.meta.url));

/** Enough for whatever one run sends. */
const unlimited = (name: string) => ({ name, quota: 100_000_000, windowSeconds: 600 });

/** schemathesis (https://schemathesis.io) sends what /openapi.json allows and what it forbids. See schemathesis.toml. */
describe('schemathesis', function () {
  this.timeout(600_000);
  let api: TestApi;
  let document: Json;
  let directory: string;
  let organisation: string;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-schemathesis-'));
    api = await startWorkingApi({
      rateLimits: {
        apiKey: unlimited('api-key'),
        webhook: unlimited('webhook'),
        statusPage: unlimited('status-page'),
        wrongKeys: unlimited('wrong-keys'),
      },
      // It makes up names that somebody may own: none is looked up.
      targetRefusal: createAddressGuard({ allowedNetworks: [], lookup: async () => ['192.0.2.1'] }).refusalOf,
    });
    document = (await api.get('/openapi.json')).body;
    organisation = (await api.get('/v1/organisation')).body.id;
    const second = await api.createOrganisation('Second');
    const user = (name: string, key: string) => {
      return { name, fixedHeaders: [{ name: 'Authorization', value: `Bearer ${key}` }] };
    };
    const users = { auth: [user('first', api.adminKey), user('second', second.key)] };
    await writeFile(join(directory, 'users.json'), JSON.stringify(users));
  });
  after(async () => {
    await api.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('finds nothing in any operation, with every check on', async () => {
    const { code, output, report } = await schemathesis(document);
    assert.equal(code, 0, output);
    const operations = Object.values<Json>(document.paths).flatMap((methods) => Object.keys(methods));
    assert.equal(report.operations.tested, operations.length, output);
  });

  it('would find an answer that is not as documented', async () => {
    const altered = structuredClone(document);
    altered.components.schemas.Team.required.push('colour');
    const { code, output } = await schemathesis(altered, '--include-path', '/v1/teams', '--phases', 'coverage');
    assert.equal(code, 1, output);
    assert.match(output, /"colour" is a required property/);
  });

  async function schemathesis(given: Json, ...args: string[]) {
    const python = process.env.SCHEMATHESIS_PYTHON;
    assert.ok(python, 'SCHEMATHESIS_PYTHON is not set: run tests with `npm test -- <file>`');
    const file = join(directory, 'openapi.json');
    const reportFile = join(directory, 'report.json');
    await writeFile(file, JSON.stringify(given));
    const child = spawn(
      python,
      [
        '-m',
        'schemathesis.cli',
        'run',
        file,
        '--url',
        api.url,
        ...args,
        '--no-color',
        '--report-json-path',
        reportFile,
      ],
      {
        cwd: here,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...process.env,
          SCHEMATHESIS_USERS: join(directory, 'users.json'),
          SCHEMATHESIS_ORGANISATION: organisation,
          // Nothing of it is left in the repository.
          HYPOTHESIS_STORAGE_DIRECTORY: join(directory, 'hypothesis'),
          PYTHONDONTWRITEBYTECODE: '1',
        },
      },
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    const report = JSON.parse(await readFile(reportFile, 'utf8').catch(() => 'null')) as Json;
    return { code, output, report };
  }
});
