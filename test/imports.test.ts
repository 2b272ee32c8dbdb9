import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const source = fileURLToPath(new URL('../src/', import.meta.url));

/**
 * What each folder of src may import from which others. Files in src itself are named; the entry points wire
 * everything and are imported by nobody.
 */
const allowed: Record<string, string[]> = {
  domain: [],
  inbound: ['domain'],
  outbound: ['domain'],
  'on-call': ['domain'],
  notify: ['domain', 'outbound'],
  stores: ['domain', 'inbound', 'outbound', 'on-call', 'logger.ts'],
  workflows: ['domain', 'temporal/names.ts', 'temporal/search-attribute-keys.ts'],
  temporal: ['domain', 'config.ts', 'logger.ts'],
  activities: [
    'domain',
    'inbound',
    'outbound',
    'notify',
    'on-call',
    'stores',
    'temporal/incident-workflows.ts',
    'logger.ts',
  ],
  api: ['domain', 'inbound', 'outbound', 'notify', 'on-call', 'stores', 'temporal', 'config.ts', 'logger.ts'],
  embedded: ['domain', 'stores', 'temporal', 'config.ts', 'logger.ts'],
};
/** Types cross where values may not: an activity's or a workflow's signature is what its callers need. */
const typesAllowed: Record<string, string[]> = {
  workflows: ['activities/incident-activities.ts'],
  temporal: ['workflows'],
};

describe('imports', () => {
  it('run one way', async () => {
    const wrong: string[] = [];
    for (const file of await filesOfSource()) {
      const folder = file.split('/')[0]!;
      if (folder === file) continue;
      for (const { specifier, typeOnly } of await importsOf(file)) {
        if (!specifier.startsWith('.')) continue;
        const target = normalize(join(dirname(file), specifier));
        const may = [folder, ...(allowed[folder] ?? []), ...(typeOnly ? (typesAllowed[folder] ?? []) : [])];
        if (!may.some((prefix) => target === prefix || target.startsWith(`${prefix}/`)))
          wrong.push(`${file} imports ${typeOnly ? 'a type of ' : ''}${target}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('of the domain and of workflows name no Node built-in and no zod', async () => {
    const wrong: string[] = [];
    for (const file of await filesOfSource()) {
      if (!/^(domain|workflows)\//.test(file)) continue;
      for (const { specifier } of await importsOf(file))
        if (specifier.startsWith('node:') || specifier.startsWith('zod')) wrong.push(`${file} imports ${specifier}`);
    }
    assert.deepEqual(wrong, []);
  });

  it('of workflows stay away from what rules need', async () => {
    for (const file of await filesOfSource()) {
      if (!file.startsWith('workflows/')) continue;
      for (const { specifier } of await importsOf(file)) assert.doesNotMatch(specifier, /domain\/(ruleset|json)\//);
    }
  });
});

async function filesOfSource(): Promise<string[]> {
  return (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.ts'));
}

async function importsOf(file: string): Promise<{ specifier: string; typeOnly: boolean }[]> {
  const text = await readFile(join(source, file), 'utf8');
  const parsed = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
  return parsed.statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    if (!statement.moduleSpecifier || !ts.isStringLiteral(statement.moduleSpecifier)) return [];
    const typeOnly = ts.isImportDeclaration(statement)
      ? statement.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
      : statement.isTypeOnly;
    return [{ specifier: statement.moduleSpecifier.text, typeOnly }];
  });
}
