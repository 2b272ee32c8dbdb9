import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { createAddressGuard } from '../../src/outbound/address-guard.ts';
import { parseTarget, RefusedTarget } from '../../src/outbound/target.ts';

/** Stands in for DNS: a table of names. */
const lookupIn = (names: Record<string, string[]>) => async (hostname: string) => {
  const addresses = names[hostname];
  if (!addresses) throw Object.assign(new Error('queryA ENOTFOUND'), { code: 'ENOTFOUND' });
  return addresses;
};

const loopbackSpellings = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://0x7f.1/',
  'http://0x7f000001/',
  'http://0177.0.0.1/',
  'http://017700000001/',
  'http://2130706433/',
  'http://0/',
  'http://0.0.0.0/',
  'http://①②⑦.0.0.1/',
  'http://127。0。0。1/',
  'http://127.0.0.1./',
  'http://１２７.0.0.1/',
  'http://127.0x0.0.01/',
  'http://0x7f.0x0.0x0.0x1/',
  'http://%31%32%37.0.0.1/',
  'http://[::1]/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://[::127.0.0.1]/',
  'http://[::ffff:0:127.0.0.1]/',
];
const otherRefused = [
  'http://[64:ff9b::a00:1]/',
  'http://[64:ff9b:1::1]/',
  'http://[2002:a00:1::]/',
  'http://[2001::1]/',
  'http://[2001:db8::1]/',
  'http://[3fff::1]/',
  'http://[2001:2::1]/',
  'http://[fe80::1]/',
  'http://[fec0::1]/',
  'http://[fc00::1]/',
  'http://[fd12:3456::1]/',
  'http://[fd00:ec2::254]/latest/meta-data/',
  'http://[::ffff:169.254.169.254]/',
  'http://[::ffff:a9fe:a9fe]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[2002:a9fe:a9fe::]/',
  'http://[::ffff:168.63.129.16]/',
  'http://[ff02::1]/',
  'http://[100::1]/',
  'http://[5f00::1]/',
  'http://[4000::1]/',
  'http://10.0.0.1/',
  'http://172.16.0.1/',
  'http://172.31.255.255/',
  'http://192.168.1.1/',
  'http://100.64.0.1/',
  'http://100.127.255.255/',
  'http://169.254.169.254/latest/meta-data/',
  'http://168.63.129.16/',
  'http://2852039166/',
  'http://0xa9fea9fe/',
  'http://169.254.170.2/v2/credentials',
  'http://100.100.100.200/latest/meta-data/',
  'http://192.0.0.192/opc/v2/',
  'http://192.0.0.1/',
  'http://192.0.2.1/',
  'http://198.18.0.1/',
  'http://198.51.100.1/',
  'http://203.0.113.1/',
  'http://192.88.99.1/',
  'http://224.0.0.1/',
  'http://240.0.0.1/',
  'http://255.255.255.255/',
];
const localNames = [
  'http://localhost/',
  'http://localhost./',
  'http://LOCALHOST/',
  'http://a.localhost/',
  'http://metadata.google.internal/',
  'http://db.internal/',
  'http://db.internal./',
  'http://METADATA.google.internal/',
  'http://printer.local/',
  'http://nas.lan/',
  'http://x.home.arpa/',
];
const malformed = [
  '',
  'example.com',
  '//example.com/',
  'http:example.com',
  'http:/example.com',
  'http:///example.com',
  'http://',
  'http://?x',
  'file:///etc/passwd',
  'gopher://example.com/',
  'ftp://example.com/',
  'javascript:alert(1)',
  'data:text/plain,x',
  'ws://example.com/',
  'http://user@example.com/',
  'http://user:secret@example.com/',
  'http://@example.com/',
  'http://:@example.com/',
  'http://example.com\\@127.0.0.1/',
  'http://127.0.0.1\\@example.com/',
  'http://example.com:80@127.0.0.1/',
  'http://127.0.0.1%2f@example.com/',
  'http:\\\\example.com',
  'http://exa mple.com/',
  'http://example.com/\n',
  ' http://example.com/',
  'http://exam\tple.com/',
  'http://example.com/\u0000',
  'http://ex\u00adample.com/',
  'http://example.com:0/',
  'http://example.com:22/',
  'http://example.com:25/',
  'http://example.com:5432/',
  'http://example.com:7233/',
  'http://example.com:65536/',
  'http://example.com:-1/',
  'http://[::1/',
  'http://[fe80::1%25eth0]/',
  'http://[::1%eth0]/',
  'http://1.2.3.4.5/',
  'http://256.1.1.1/',
  `http://example.com/${'a'.repeat(2_048)}`,
];

describe('outbound/address-guard', () => {
  const names = {
    'public.example.com': ['93.184.216.34', '2606:2800:220:1::1'],
    '127.0.0.1.nip.io': ['127.0.0.1'],
    'mixed.example.com': ['93.184.216.34', 'fd00::1'],
    'mapped.example.com': ['::ffff:10.0.0.1'],
    'private.example.com': ['10.0.0.7'],
    'empty.example.com': [],
    localhost: ['127.0.0.1', '::1'],
  };
  const guard = createAddressGuard({ allowedNetworks: [], lookup: lookupIn(names) });

  for (const url of [...loopbackSpellings, ...otherRefused, ...localNames, ...malformed])
    it(`refuses ${JSON.stringify(url.slice(0, 60))} at save and at send`, async () => {
      const refusal = await guard.refusalOf(url);
      assert.match(refusal ?? 'passes', /^must (be|not) /);
      await assert.rejects(
        async () => guard.addressesOf(parseTarget(url)),
        (error: Error & { code?: string }) => {
          // Local names that the table does not know have no address at all.
          return error instanceof RefusedTarget || error.code === 'ENOTFOUND';
        },
      );
    });

  it('lets public addresses and names pass', async () => {
    for (const url of [
      'http://8.8.8.8/',
      'https://[2606:4700::1111]/hook',
      'https://public.example.com:8443/hook?token=a%20b#part',
      'HTTPS://Public.Example.COM/',
    ])
      assert.equal(await guard.refusalOf(url), null, url);
    assert.deepEqual(await guard.addressesOf(new URL('https://public.example.com')), names['public.example.com']);
  });

  it('judges a name by every address it has', async () => {
    for (const name of ['127.0.0.1.nip.io', 'mixed.example.com', 'mapped.example.com', 'private.example.com']) {
      assert.match((await guard.refusalOf(`https://${name}/`)) ?? 'passes', /private or reserved/);
      await assert.rejects(guard.addressesOf(new URL(`https://${name}/`)), RefusedTarget);
    }
    await assert.rejects(guard.addressesOf(new URL('https://empty.example.com/')), RefusedTarget);
  });

  it('refuses this machine, also at an address that is public, unless that is listed', async () => {
    const own = { ownAddresses: () => ['93.184.216.34', '2606:2800:220:1::1', 'fe80::1%eth0'] };
    const ofMachine = createAddressGuard({ allowedNetworks: [], lookup: lookupIn(names), ...own });
    for (const url of [
      'http://93.184.216.34:8080/',
      'http://[2606:2800:220:1:0:0:0:1]/',
      'https://public.example.com/',
    ])
      assert.match((await ofMachine.refusalOf(url)) ?? 'passes', /private or reserved/, url);
    assert.equal(ofMachine.allows('93.184.216.35'), true);
    const listed = createAddressGuard({ allowedNetworks: ['93.184.216.34'], ...own });
    assert.equal(await listed.refusalOf('http://93.184.216.34:8080/'), null);
  });

  it('knows the addresses of the machine it runs on', () => {
    const addresses = Object.values(networkInterfaces()).flatMap((list = []) => list.map(({ address }) => address));
    assert.ok(addresses.length > 0);
    for (const address of addresses) assert.equal(guard.allows(address), false, address);
  });

  it('opens metadata services to nobody who did not list them by themselves', () => {
    const services = ['169.254.169.254', '168.63.129.16', '100.100.100.200', 'fd00:ec2::254', '::ffff:169.254.169.254'];
    const wide = createAddressGuard({ allowedNetworks: ['0.0.0.0/0', '::/0', '169.254.0.0/16', 'fd00:ec2::/32'] });
    for (const address of services) assert.equal(wide.allows(address), false, address);
    assert.equal(wide.allows('169.254.1.1'), true);
    assert.equal(wide.allows('10.0.0.1'), true);
    assert.equal(createAddressGuard({ allowedNetworks: ['169.254.169.254/32'] }).allows('169.254.169.254'), true);
    assert.equal(createAddressGuard({ allowedNetworks: ['fd00:ec2::254'] }).allows('fd00:ec2::254'), true);
  });

  it('does not say which private address a name has', async () => {
    assert.doesNotMatch((await guard.refusalOf('https://private.example.com/'))!, /10\.0\.0\.7/);
  });

  it('lets a name without an address be saved, since it may yet get one', async () => {
    assert.equal(await guard.refusalOf('https://not-yet.example.com/'), null);
  });

  it('does not wait long for name servers at save', async () => {
    const slow = createAddressGuard({ allowedNetworks: [], lookup: () => new Promise(() => {}) });
    const startedAt = Date.now();
    assert.equal(await slow.refusalOf('https://slow.example.com/'), null);
    assert.ok(Date.now() - startedAt < 15_000);
  });

  it('lets exactly the allowed networks pass besides', async () => {
    const allowing = (...allowedNetworks: string[]) => createAddressGuard({ allowedNetworks, lookup: lookupIn(names) });
    const loopback = allowing('127.0.0.0/8', '::1/128');
    for (const url of loopbackSpellings.slice(0, 7)) assert.equal(await loopback.refusalOf(url), null, url);
    assert.equal(await loopback.refusalOf('http://[::1]/'), null);
    assert.equal(await loopback.refusalOf('http://[::ffff:127.0.0.1]/'), null);
    assert.equal(await loopback.refusalOf('http://localhost:8080/hook'), null);
    assert.match((await loopback.refusalOf('http://10.0.0.1/'))!, /private/);
    assert.match((await loopback.refusalOf('http://0.0.0.0/'))!, /private/);
    assert.match((await loopback.refusalOf('http://127.0.0.1:22/'))!, /port/);

    assert.deepEqual(await allowing('127.0.0.1').addressesOf(new URL('http://localhost/')), ['127.0.0.1']);
    assert.equal(await allowing('10.0.0.7').refusalOf('https://private.example.com/'), null);
    assert.match((await allowing('10.0.0.8').refusalOf('https://private.example.com/'))!, /private/);
    assert.equal(await allowing('fd00::/8').refusalOf('https://mixed.example.com/'), null);
    assert.equal(await allowing('64:ff9b::/96').refusalOf('http://[64:ff9b::a00:1]/'), null);
  });

  it('never allows a public address in IPv6 clothes unless it is listed', () => {
    assert.equal(guard.allows('8.8.8.8'), true);
    assert.equal(guard.allows('::ffff:8.8.8.8'), false);
    for (const address of ['', 'example.com', '8.8.8.8%eth0', '2606:4700::1%1', '1'])
      assert.equal(guard.allows(address), false, address);
  });
});
