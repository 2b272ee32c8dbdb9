import { writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import type { ApiDeps } from '../src/api/deps.ts';
import { openApiDocument } from '../src/api/openapi.ts';
import { createRoutes } from '../src/api/routes.ts';

const file = new URL('../openapi.json', import.meta.url);

/** The document as it stands in the repository: of the declarations alone, so no dependency is needed. */
export async function openApiText(): Promise<string> {
  const noDeps = { stores: {} } as ApiDeps;
  const document = openApiDocument(createRoutes(noDeps), 'http://localhost:8080');
  const options = await resolveConfig(file);
  return format(JSON.stringify(document), { ...options, parser: 'json' });
}

if (process.argv[1] === new URL(import.meta.url).pathname) await writeFile(file, await openApiText());
