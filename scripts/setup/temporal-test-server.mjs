import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, fillCache } from './cache.mjs';
import { outputOf, runQuietly } from './command.mjs';
import { downloadFromTemporal, reasonOf } from './sdk-download.mjs';
import { say, SetupError, step } from './steps.mjs';

const version = '1.38.0';

/** Path of the time-skipping test server: cached, else the SDK's download, else the jar from Maven in a wrapper. */
export async function findTestServer() {
  if (process.env.TEMPORAL_TEST_SERVER) return process.env.TEMPORAL_TEST_SERVER;
  const directory = cacheDirectory(`temporal-test-server-${version}`);
  const program = join(directory, 'temporal-test-server');
  const isThere = () =>
    access(program, constants.X_OK).then(
      () => true,
      () => false,
    );
  if (await isThere()) return program;
  await fillCache(directory, isThere, async (unfinished) => {
    if (!(await download(join(unfinished, 'temporal-test-server')))) await assembleFromMaven(unfinished, directory);
  });
  return program;
}

async function download(target) {
  try {
    await step(`Downloading Temporal's time-skipping test server ${version} (some 50 MB, once)`, () =>
      downloadFromTemporal('temporal-test-server', `v${version}`, target),
    );
    return true;
  } catch (error) {
    say(`  not possible: ${reasonOf(error)}`);
    return false;
  }
}

async function assembleFromMaven(directory, finalDirectory) {
  if (outputOf('java', ['-version']) === undefined || outputOf('mvn', ['--version']) === undefined)
    throw new SetupError(
      "The tests need Temporal's time-skipping test server, and found no way to get it: it is not downloadable here, " +
        'and Java with Maven, which could fetch its jar, is missing.\nInstall both (`apt-get install maven`), or set ' +
        'TEMPORAL_TEST_SERVER to the program.',
    );
  await step(`Fetching the test server's jars ${version} with Maven (about 20 seconds, once)`, async () => {
    const lib = join(directory, 'lib');
    await mkdir(lib);
    const pom = join(directory, 'pom.xml');
    await writeFile(pom, pomXml());
    await runQuietly('mvn', ['-B', '-q', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${lib}`]);
    const wrapper = `#!/bin/sh\nexec java -cp '${join(finalDirectory, 'lib')}/*' io.temporal.testserver.TestServer "$1"\n`;
    await writeFile(join(directory, 'temporal-test-server'), wrapper, { mode: 0o755 });
  });
}

function pomXml() {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tocsin</groupId>
  <artifactId>temporal-test-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>io.temporal</groupId>
      <artifactId>temporal-test-server</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
`;
}
