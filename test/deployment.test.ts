import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { settingNames } from '../src/config.ts';

interface Service {
  image?: string;
  build?: string;
  command?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
}

const root = fileURLToPath(new URL('../', import.meta.url));
const composeText = readFileSync(`${root}docker-compose.yml`, 'utf8');
const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8');
const { services, volumes } = parse(composeText, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};

/** What each image that is not ours reads, from its own documentation. */
const foreignSettings: Record<string, string[]> = {
  postgres: ['POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB'],
  'temporalio/server': [
    ...['DB', 'DB_PORT', 'POSTGRES_SEEDS', 'POSTGRES_USER', 'POSTGRES_PWD'],
    ...['BIND_ON_IP', 'NUM_HISTORY_SHARDS'],
  ],
  'temporalio/admin-tools': ['SQL_PLUGIN', 'SQL_HOST', 'SQL_PORT', 'SQL_USER', 'SQL_PASSWORD', 'TEMPORAL_ADDRESS'],
  'temporalio/ui': ['TEMPORAL_ADDRESS'],
};
/** What a person may put in .env beside the settings: it never reaches a process of ours. */
const composeOnly = ['POSTGRES_PASSWORD'];

describe('docker-compose.yml', () => {
  for (const [name, service] of Object.entries(services)) {
    it(`gives ${name} only settings that it knows`, () => {
      const known = service.build ? settingNames : foreignSettings[service.image!.split(':')[0]!];
      assert.ok(known, service.image);
      for (const setting of Object.keys(service.environment ?? {})) assert.ok(known.includes(setting), setting);
    });

    it(`waits with ${name} for services that can become what it waits for`, () => {
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        assert.ok(services[other], other);
        if (condition === 'service_healthy') assert.ok(services[other].healthcheck, other);
      }
    });
  }

  it('asks for no variable that is unknown', () => {
    for (const [, variable] of composeText.matchAll(/(?<!\$)\$\{([A-Z_]+)/g))
      assert.ok([...settingNames, ...composeOnly].includes(variable!), variable);
  });

  it('runs entry points that exist, with what they cannot do without', () => {
    const required: Record<string, string[]> = {};
    for (const service of Object.values(services)) {
      if (!service.build) continue;
      const entry = /^dist\/(\w+)\.js$/.exec(service.command![1]!)![1]!;
      assert.ok(existsSync(`${root}src/${entry}.ts`), entry);
      const call = /loadConfig\(process\.env, \[([^\]]*)\]\)/.exec(readFileSync(`${root}src/${entry}.ts`, 'utf8'))![1]!;
      required[entry] = [...call.matchAll(/'(\w+)'/g)].map((match) => match[1]!);
      for (const setting of required[entry]) assert.ok(service.environment![setting], `${entry}: ${setting}`);
    }
    assert.deepEqual(Object.keys(required).sort(), ['migrate', 'server', 'worker']);
  });

  it('keeps the database in a declared volume', () => {
    assert.deepEqual(Object.keys(volumes), [services.postgres!.volumes![0]!.split(':')[0]]);
  });

  it('is taken by docker compose', function () {
    if (spawnSync('docker', ['compose', 'version']).status !== 0) this.skip();
    const env = { ...process.env, ADMIN_API_KEY: 'x'.repeat(32), SECRET_KEY: 'x'.repeat(32) };
    const { status, stderr } = spawnSync('docker', ['compose', 'config', '-q'], { cwd: root, env, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
});

describe('Dockerfile', () => {
  it('copies what exists and what .dockerignore lets through', () => {
    const ignored = readFileSync(`${root}.dockerignore`, 'utf8').split('\n');
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));
    assert.ok(sources.length >= 6);
    for (const source of sources) {
      assert.ok(existsSync(root + source), source);
      assert.ok(ignored.includes(`!${source}`), source);
    }
  });

  it('ends as somebody else than root, with a heap below the memory that compose allows', () => {
    assert.match(dockerfile, /^USER node$/m);
    const heap = Number(/--max-old-space-size=(\d+)/.exec(dockerfile)![1]);
    assert.ok(heap < 2048 && /mem_limit: 2g/.test(composeText));
  });
});
