import { SetupError } from './steps.mjs';

const oldest = [20, 19];

/** Refuses a Node.js that is too old for what package.json asks of it. */
export function checkNodeVersion(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return;
  throw new SetupError(
    `Tocsin needs Node.js ${oldest.join('.')} or newer; this is ${version}. Install one from https://nodejs.org/ and run the command again.`,
  );
}
