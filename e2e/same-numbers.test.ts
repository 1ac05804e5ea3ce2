import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import {
  buildIndex,
  describeWith,
  itWith,
  pathOf,
  programs,
  pushImage,
  slackSink,
  type SlackSink,
  startRegistry,
  type TarEntry,
  type TestRegistry,
} from '@tidewaiter/testkit';
import { chromium } from 'playwright-core';

import { debian13, dpkgStatus, hardened, writeAdvisories } from './fixtures.js';
import {
  makeHome,
  removeFolders,
  runIn,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from './tidewaiter.js';

type Counts = Record<string, number>;

const hookSecret = 'hook-secret-of-the-test';
const privateKey = () =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const [deletedKey, sharedKey, ownKey] = [privateKey(), privateKey(), privateKey()];
const npmPackage = (version: string): TarEntry => ({
  path: `srv/v${version}/node_modules/lodash/package.json`,
  content: JSON.stringify({ name: 'lodash', version }),
});
/** Image with entries that both platforms have; `own` are entries of one platform alone. */
const imageOf = (platform: string, own: TarEntry[]) => ({
  platform,
  config: hardened,
  layers: [
    [debian13, dpkgStatus({ openssl: '3.0.15-1', libfoo: '1-1', zlib: '1.2-1' })],
    [
      { path: 'app/deleted.pem', content: deletedKey },
      { path: 'app/config.pem', content: sharedKey },
      { path: 'app/copy.pem', content: sharedKey },
      npmPackage('4.17.1'),
      npmPackage('4.17.2'),
      npmPackage('4.17.3'),
    ],
    [
      { path: 'app/.wh.deleted.pem' },
      { path: 'srv/v4.17.3/node_modules/lodash/.wh.package.json' },
      { path: 'etc/platform', content: platform },
      ...own,
    ],
  ],
});

let slack: SlackSink;
let registry: TestRegistry;
let tidewaiter: Tidewaiter;
let advisories: string;

beforeAll(async () => {
  slack = await slackSink();
  const ingestPort = await freePort();
  registry = await startRegistry({
    notify: {
      url: `http://127.0.0.1:${ingestPort}/hooks/registry/main`,
      headers: { Authorization: `Bearer ${hookSecret}` },
    },
  });
  const home = makeHome({
    'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
exceptions:
  - { repository: shop/*, finding: CVE-2026-4, reason: not reachable, owner: team-shop, until: 2999-01-31 }
`,
    'routing.yaml': `
route: { receiver: security, group_by: [repository, digest] }
receivers: [ { name: security, slack_configs: [ { api_url: "${slack.webhookUrl}" } ] } ]
`,
  });
  tidewaiter = await startTidewaiter(home, ingestPort);
  advisories = writeAdvisories(join(home, 'osv'), [
    { id: 'CVE-2026-1', package: 'openssl', fixed: '3.0.17-1', severity: 'CRITICAL' },
    { id: 'CVE-2026-2', package: 'lodash', ecosystem: 'npm', fixed: '4.17.21', severity: 'HIGH' },
    { id: 'CVE-2026-3', package: 'zlib', severity: 'MEDIUM' },
    { id: 'CVE-2026-4', package: 'openssl', fixed: '3.0.17-1', severity: 'HIGH' },
  ]);
  const unrated = {
    schema_version: '1.7.0',
    id: 'DSA-1',
    modified: '2026-01-02T03:04:05Z',
    published: '2026-01-02T03:04:05Z',
    summary: 'a hole without a severity',
    affected: [
      {
        package: { ecosystem: 'Debian:13', name: 'libfoo' },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }],
      },
    ],
  };
  writeFileSync(join(advisories, 'DSA-1.json'), JSON.stringify(unrated));
  await tidewaiter.command('advisories', 'import', advisories);
}, 240_000);

afterAll(async () => {
  await tidewaiter?.stop();
  await Promise.all([registry?.stop(), slack?.stop()]);
  await removeFolders();
});

/** `1 critical, 2 high, 1 of unknown severity`, as in texts. */
function countsIn(text: string): Counts {
  const words = text.matchAll(/(\d+) (?:of )?(critical|high|medium|low|negligible|unknown)/g);
  return Object.fromEntries([...words].map(([, number, severity]) => [severity!, Number(number)]));
}

function withoutZeros(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, number]) => number > 0));
}

describeWith(programs('docker-registry', 'skopeo'))('one push of several platforms', () => {
  let digest: string;
  let platformDigest: string;
  let pushId: string;
  let expected: Counts;

  beforeAll(async () => {
    const dir = temporaryFolder();
    const own = { path: 'app/arm.pem', content: ownKey };
    const { images } = await buildIndex(dir, [imageOf('linux/amd64', []), imageOf('linux/arm64', [own])]);
    platformDigest = images[0]!.digest;
    digest = await pushImage(registry, 'shop/app:1', `oci:${dir}:latest`);
    await until('the index has its verdict', async () => {
      const { items } = await tidewaiter.api<{
        items: { id: string; digest: string; state: string; counts: Counts }[];
      }>('/pushes');
      const push = items.find((each) => each.digest === digest && each.state === 'analyzed');
      if (push) [pushId, expected] = [push.id, withoutZeros(push.counts)];
      return push !== undefined;
    });
    await slack.waitFor(1);
  }, 120_000);

  it('counts a secret once for all its places, with deleted ones and without hidden packages', () => {
    // critical: openssl, and the deleted key, the one in two files, and that of one platform; high:
    // two versions of lodash.
    expect(expected).toEqual({ critical: 4, high: 2, medium: 1, unknown: 1 });
  });

  it('has the same numbers in the API', async () => {
    const { counts, items } = await tidewaiter.api<{
      counts: Counts;
      items: { counted: boolean; severity: string; by: object | null; id: string }[];
    }>(`/images/${digest}/findings`);
    expect(withoutZeros(counts)).toEqual(expected);
    const marked = items.filter(({ counted }) => counted).map(({ severity }) => severity);
    for (const [severity, number] of Object.entries(expected))
      expect([severity, marked.filter((each) => each === severity).length]).toEqual([severity, number]);
    expect(items.find(({ id }) => id === 'CVE-2026-4')).toMatchObject({ counted: false, by: { kind: 'exception' } });
  });

  it('has the same numbers in the message', () => {
    const text = JSON.stringify(slack.received[0]!.body);
    const all = /All findings[^"]*?((?:\d+ (?:of )?[a-z ]+,? ?)+)/.exec(text)?.[1] ?? '';
    expect(countsIn(all)).toEqual(expected);
    expect(text).toContain('has 7 critical, high or unknown-severity findings');
    expect(text).toContain('4 critical, 2 high, 1 of unknown severity');
  });

  it('has the same numbers in the gate', async () => {
    const body = JSON.stringify({ image: `${registry.url.replace('http://', '')}/shop/app:1` });
    const init = { method: 'POST', body, headers: { 'content-type': 'application/json' } };
    const { counts, reasons } = await tidewaiter.api<{ counts: Counts; reasons: string[] }>('/gate', init);
    expect(withoutZeros(counts)).toEqual(expected);
    expect(reasons[0]).toContain('6 findings are high or worse');
  });

  it('has in the scan of one platform the numbers of that platform', async () => {
    const home = makeHome({ ignores: 'CVE-2026-4\n' });
    const image = `${registry.url.replace('http://', '')}/shop/app:1`;
    const flags = ['--insecure', '--platform', 'linux/amd64', '--advisories', advisories, '--ignore-file', 'ignores'];
    const only = ['--kinds', 'vulnerability,secret'];
    const table = await runIn(home, 'scan', image, ...flags, ...only);
    const { stdout } = await runIn(home, 'scan', image, ...flags, ...only, '-o', 'json');
    const { counts } = await tidewaiter.api<{ counts: Counts }>(`/images/${platformDigest}/findings?push=${pushId}`);
    const report = JSON.parse(stdout) as { counts: Counts; verdict: { reasons: string[] } };
    expect(report.counts).toEqual(counts);
    expect(withoutZeros(counts)).toEqual({ ...expected, critical: 3 });
    const [total = ''] = /\d+ findings: .*/.exec(table.stdout) ?? [];
    expect(countsIn(total.split(';')[0]!)).toEqual(withoutZeros(counts));
    expect(report.verdict.reasons).toEqual(['5 findings are high or worse']);
  }, 60_000);

  itWith(programs('chromium'))(
    'has the same numbers in the console, in the list and unfolded',
    async () => {
      const browser = await chromium.launch({
        executablePath: pathOf('chromium'),
        args: ['--no-sandbox', '--disable-gpu'],
      });
      try {
        const page = await browser.newPage();
        await page.goto(tidewaiter.setupUrl);
        await page.getByRole('heading', { name: 'Now', exact: true }).waitFor();
        await page.goto(`${tidewaiter.consoleUrl}/images`);
        const row = page.getByRole('row', { name: 'shop/app:1' });
        await row.waitFor();
        expect(countsIn(await row.innerText())).toEqual(expected);
        await page.goto(`${tidewaiter.consoleUrl}/images/${digest}?tab=findings`);
        const head = page.locator('main .counts').first();
        await head.waitFor();
        expect(countsIn(await head.innerText())).toEqual(expected);
        const rows = page.getByRole('table', { name: 'Findings' }).getByRole('row');
        let severities: string[] = [];
        // The rows are drawn after the head.
        await until('the table has its rows', async () => {
          const counted = (await rows.allInnerTexts()).filter((each) => !/not counted|suppressed by/.test(each));
          severities = counted.map((each) => /^\S+ (\w+)/.exec(each)?.[1] ?? '').filter((each) => each in expected);
          return severities.length >= Object.values(expected).reduce((sum, each) => sum + each);
        });
        const numberOf = (severity: string) => severities.filter((each) => each === severity).length;
        for (const [severity, number] of Object.entries(expected))
          expect([severity, numberOf(severity)]).toEqual([severity, number]);
        await page.goto(`${tidewaiter.consoleUrl}/images/${digest}?tab=secrets`);
        await page.getByText('app/deleted.pem:1').first().waitFor();
        const text = await page.locator('main').innerText();
        expect(text).not.toContain('null');
        expect(text).toMatch(/layer 1 · deleted in layer 2, recoverable/);
      } finally {
        await browser.close();
      }
    },
    60_000,
  );
});
