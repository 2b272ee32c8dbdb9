import { createWriteStream } from 'node:fs';
import { chmod, copyFile, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { runQuietly } from './command.mjs';

/** Connecting gets 15 seconds: without a way to the internet set-up goes on by other means. */
const connectMilliseconds = 15_000;
const downloadMilliseconds = 300_000;

/**
 * Fetches a Temporal program from where the SDK fetches it and puts it at `target`. `artifact` is `cli` or
 * `temporal-test-server`; `version` a tag or `default`. Throws on any failure.
 */
export async function downloadFromTemporal(artifact, version, target) {
  const platform = { linux: 'linux', darwin: 'darwin' }[process.platform];
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
  if (!platform || !arch) throw new Error(`there is none for ${process.platform} ${process.arch}`);

  const query = new URLSearchParams({ platform, arch, format: 'tar.gz' });
  const answer = await fetch(`https://temporal.download/${artifact}/${version}?${query}`, {
    signal: AbortSignal.timeout(connectMilliseconds),
  });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const { archiveUrl, fileToExtract } = await answer.json();

  const directory = `${target}.download`;
  await mkdir(directory, { recursive: true });
  try {
    const archive = await fetch(archiveUrl, { signal: AbortSignal.timeout(downloadMilliseconds) });
    if (!archive.ok) throw new Error(`the server answered ${archive.status}`);
    const file = join(directory, 'archive.tar.gz');
    await pipeline(Readable.fromWeb(archive.body), createWriteStream(file));
    await runQuietly('tar', ['-xzf', file, '-C', directory]);
    await copyFile(join(directory, fileToExtract), target);
    await chmod(target, 0o755);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** `fetch failed` says nothing; its cause does. */
export function reasonOf(error) {
  return error.name === 'TimeoutError' ? 'no answer in time' : (error.cause?.message ?? error.message);
}
