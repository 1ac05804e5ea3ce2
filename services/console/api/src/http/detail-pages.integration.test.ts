import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { type Digest } from '@tidewaiter/domain';
import { ApiTokens, FleetExposure, Incidents, Store } from '@tidewaiter/store';
import {
  accessibilityViolations,
  describeWith,
  minerIncident,
  pathOf,
  programs,
  startConsole,
  type TestConsole,
  uuidOf,
} from '@tidewaiter/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';

import { start } from '../main.js';

const root = join(__dirname, '../../../../..');
const digestOf = (name: string): Digest => `sha256:${hash('sha256', name, 'hex')}`;
const [older, newer, database] = ['web 1', 'web 2', 'db 1'].map(digestOf) as [Digest, Digest, Digest];
/** Records of Tetragon, in which each program starts the next one. */
const startsOf = (...programs: string[]) =>
  programs.map((binary, index) => ({
    ...{ event: `e${index}`, at: `2026-11-25T01:02:0${index}Z`, source: 'tetragon', rule: `Start of ${binary}` },
    ...{ text: binary, where: 'shop/web-1/app' },
    record: {
      process_exec: {
        process: { exec_id: `id-${index}`, parent_exec_id: `id-${index - 1}`, pid: index + 10, binary },
        parent: { exec_id: `id-${index - 1}`, pid: index + 9, binary: programs[index - 1] ?? '/usr/bin/node' },
      },
    },
  }));
const tagOf = (name: string) => `registry.example.com/${name}`;

describeWith(programs('chromium'))('the pages of images, workloads and incidents', () => {
  let api: TestConsole;
  let store: Store;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  const add = async (table: string, row: object): Promise<void> => {
    const names = Object.keys(row);
    const values = names.map((_, index) => `$${index + 1}`).join(', ');
    await store.query(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${values})`, Object.values(row));
  };

  const addPackage = async (name: string, vulnerability: string, severity: string, fix: string | null) => {
    await add('package', {
      ...{ purl: `pkg:deb/debian/${name}@1.0`, type: 'deb', name, version: '1.0', licenses: '{}' },
      ...{ source_name: name, source_version: '1.0' },
    });
    await add('advisory', {
      ...{ id: vulnerability, vulnerability_id: vulnerability, aliases: '{}', title: `a hole in ${name}`, severity },
      ...{ modified: new Date(), change: 1 },
    });
    await store.query(
      `INSERT INTO package_match (package_id, advisory_id, state, fix_state, fix_version, vulnerability_ids)
       SELECT id, $1, 'affected', $3, $4, ARRAY[$1] FROM package WHERE name = $2`,
      [vulnerability, name, fix === null ? 'not-fixed' : 'fixed', fix],
    );
  };

  /** With a base layer below its own; a later one of a name moves its tag. */
  const addImage = async (
    digest: Digest,
    name: string,
    packages: readonly string[],
    { verdict = 'pass', position = 1, layers = ['base', name] } = {},
  ) => {
    const [repository, tag] = name.split(':');
    await add('image', {
      ...{ digest, media_type: 'm', config_digest: 'c', platform: 'linux/amd64', analyzers_version: '1' },
      ...{ os: { id: 'debian', versionId: '12', name: `Debian of ${name}`, idLike: [] }, run_user: 'app' },
      ...{ labels: {}, analyzed_at: new Date(), created_at: new Date(2026, 0, position) },
    });
    for (const [index, layer] of layers.entries()) {
      const content = digestOf(layer);
      await add('image_layer', {
        ...{ image_digest: digest, index, diff_id: content, blob_digest: content, media_type: 'm' },
        ...{ size_bytes: 1_000_000, created_by: `RUN install ${layer}` },
      });
    }
    await store.query(
      `INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
       SELECT $1, id, CASE WHEN name = 'openssl' THEN 0 ELSE $3 END, 'present', 'var/lib/dpkg/status' FROM package WHERE name = ANY($2)`,
      [digest, packages, layers.length - 1],
    );
    const push = uuidOf(`${name} ${position}`);
    await add('push', {
      ...{ id: push, connection: 'main', repository, tag, artifact: 'image', state: 'analyzed', digest, verdict },
      ...{ registry_host: 'registry.example.com', counts: { high: verdict === 'fail' ? 1 : 0 }, pushed_by: 'jane' },
    });
    await add('push_image', { push_id: push, image_digest: digest });
    await add('tag_ledger', {
      ...{ connection: 'main', repository, tag, digest, push_id: push, at: new Date(), position },
    });
  };

  const addWorkload = async (place: string, image: Digest, pods: readonly string[]) => {
    const [cluster, namespace, kind, name] = place.split('/');
    const now = new Date();
    for (const pod of pods) {
      await add('container_ledger', {
        ...{ container_id: hash('sha256', `${place} ${pod}`, 'hex'), cluster, node: 'node-1', namespace, pod },
        ...{ name: 'app', kind: 'app', workload_kind: kind, workload: name, service_account: 'default' },
        ...{ image_digest: image, claimed_digests: '{}', repository: 'registry.example.com/shop/web', tag: '1' },
        ...{ privileged: pod.endsWith('1'), first_seen: now, last_seen: now },
      });
    }
    await add('workload', {
      ...{ cluster, namespace, kind, name, namespace_labels: {}, exposed: name === 'web', privileged: false },
      ...{ replicas: pods.length, probes: '{}', seen_at: now },
    });
    await add('workload_finding', {
      ...{ cluster, namespace, kind, name, fingerprint: 'f', check_id: 'k8s-privileged', severity: 'critical' },
      ...{ title: `privileged ${name}`, container: 'app', first_seen: now, last_seen: now },
    });
    await add('package_use', {
      ...{ image_digest: image, package: `lib-of-${name}`, how: 'loaded', first_seen: now, last_seen: now },
    });
  };

  const open = async (path: string): Promise<void> => {
    await page.goto(`${api.url}${path}`);
    await page.getByRole('heading', { level: 1 }).first().waitFor();
  };

  beforeAll(async () => {
    // Does nothing where the build is current.
    execFileSync(process.execPath, [join(root, 'tools/build-console.mjs')], { cwd: root });
    api = await startConsole(start);
    store = api.store;
    await addPackage('openssl', 'CVE-2026-0001', 'high', '1.1');
    await addPackage('curl', 'CVE-2026-0002', 'critical', '1.2');
    await addPackage('lodash', 'CVE-2026-0003', 'low', null);
    await addImage(older, 'shop/web:1', ['openssl', 'curl'], { verdict: 'fail' });
    await addImage(newer, 'shop/web:2', ['openssl', 'lodash']);
    await addImage(database, 'pay/db:1', ['openssl'], { layers: ['other base', 'pay/db:1'] });
    await addImage(digestOf('base 1'), 'library/base:12', ['openssl'], { layers: ['base'] });
    await addImage(digestOf('base 2'), 'library/base:12', ['lodash'], { layers: ['new base'], position: 2 });
    await addWorkload('eu1/shop/Deployment/web', older, ['web-1', 'web-2']);
    await addWorkload('eu1/pay/StatefulSet/db', database, ['db-1']);
    await addWorkload('us1/shop/Deployment/web', newer, ['web-9']);
    const place = { cluster: 'eu1', namespace: 'shop', workload: 'shop/Deployment/web' };
    const incident = minerIncident({
      ...{ ...place, title: 'Miner in the shop', imageDigest: older, evidence: startsOf('/bin/sh', '/tmp/miner') },
      // Wide letters, of which fewer fit into a box.
      image: `registry.example.com/${'WWWWW/'.repeat(12)}web:1`,
    });
    const earlier = minerIncident({ ...place, id: uuidOf('earlier'), title: 'Miner before', imageDigest: newer });
    await store.transaction((tx) =>
      new Incidents(store).apply(tx, [
        { kind: 'opened', incident: earlier },
        { kind: 'opened', incident },
      ]),
    );
    await new FleetExposure(store).refresh();
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
    browser = await chromium.launch({ executablePath: pathOf('chromium'), args });
    page = await signedIn('admin', null);
  });

  const signedIn = async (name: string, namespaces: string[] | null): Promise<Page> => {
    const scopes = namespaces && [{ repositories: [], clusters: [], namespaces, owners: [] }];
    const token = (await new ApiTokens(store).make(name, 'viewer', null, scopes)).reveal();
    const tab = await (await browser.newContext()).newPage();
    tab.setDefaultTimeout(15_000);
    // Chromium also reports violations of the content security policy here.
    tab.on('console', (message) => {
      const isExpected = /the server responded with a status of 40[014]/.test(message.text());
      if (message.type() === 'error' && !isExpected) problems.push(message.text());
    });
    tab.on('pageerror', (error) => problems.push(String(error)));
    await tab.goto(`${api.url}/`);
    await tab.getByLabel('API token').fill(token);
    await tab.getByRole('button', { name: 'Sign in' }).click();
    await tab.getByRole('heading', { name: 'Now' }).waitFor();
    return tab;
  };

  afterAll(async () => {
    await browser?.close();
    await api?.stop();
  });

  describe('compare', () => {
    const box = (name: string) => page.getByRole('combobox', { name });

    it('finds both images by keyboard, and shows what is new, gone and in both', async () => {
      await open('/images');
      await page.getByRole('link', { name: 'Compare two images' }).click();
      await page.getByRole('heading', { name: 'Choose two images' }).waitFor();
      await box('From').fill('web:1');
      await page.getByRole('option', { name: tagOf('shop/web:1') }).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.searchParams.get('from') === tagOf('shop/web:1'));
      // A reference is taken as typed, too.
      await box('To').fill(newer);
      await page.keyboard.press('Enter');
      await page.getByText('1 finding introduced, 1 resolved, 2 in both; 2 packages differ').waitFor();
      const facts = page.getByRole('table', { name: 'Facts about both images' });
      await facts.getByRole('row', { name: 'Distribution Debian of shop/web:1 Debian of shop/web:2' }).waitFor();
      await page.getByText('CVE-2026-0003').waitFor();
      await page.getByText('In both', { exact: true }).click();
      await page.getByText('a hole in openssl').waitFor();
    });

    it('swaps the sides, and leads to each', async () => {
      await page.getByRole('button', { name: 'Swap' }).click();
      await page.waitForURL((url) => url.searchParams.get('from') === newer);
      const introduced = page.locator('section', { hasText: 'Introduced' });
      await introduced.getByText('CVE-2026-0002').waitFor();
      await page.getByRole('table', { name: 'Facts' }).getByRole('link', { name: 'shop/web:1' }).click();
      await page.getByRole('heading', { name: 'shop/web:1' }).waitFor();
      await page.getByRole('link', { name: 'Compare with…' }).click();
      await page.getByRole('heading', { name: 'Choose the other image' }).waitFor();
      expect(await box('To').inputValue()).toBe(older);
    });

    it('says that both are the same, and explains a reference that names nothing', async () => {
      await open(`/compare?from=${encodeURIComponent(tagOf('shop/web:2'))}&to=${newer}`);
      await page.getByText('Both are the same image.').waitFor();
      await open(`/compare?from=${newer}&to=shop`);
      await page.getByRole('alert').getByText('INPUT_INVALID').waitFor();
    });
  });

  describe('the fixes of an image', () => {
    it('begin with the newer base image, and what it closes', async () => {
      await open(`/images/${older}?tab=fixes`);
      await page.getByText('whose 1 layer brings 1 vulnerability').waitFor();
      const option = page.getByRole('listitem').filter({ hasText: 'Rebuild on the newer library/base:12' });
      await option.getByText('closes 1 of 1 vulnerability · brings 1 new').waitFor();
      await page.getByText('Upgrade openssl 1.0 to 1.1').waitFor();
      await option.getByRole('link', { name: 'compare' }).click();
      await page.getByText('1 finding introduced, 1 resolved').waitFor();
    });

    it('say what is missing where no base is known', async () => {
      await open(`/images/${database}?tab=fixes`);
      await page.getByText('No image that was pushed here is the base of this one').waitFor();
      // A base image has no base itself.
      await open(`/images/${digestOf('base 1')}?tab=fixes`);
      await page.getByText('No image that was pushed here is the base of this one').waitFor();
    });
  });

  describe('workloads', () => {
    it('lead from the clusters to a namespace, a workload, its pods and containers', async () => {
      await open('/workloads?tab=namespaces');
      const [first, second] = ['eu1', 'us1'].map((name) => page.getByRole('table', { name: `Namespaces of ${name}` }));
      await second!.getByRole('row', { name: 'shop' }).waitFor();
      await first!.getByRole('row', { name: 'shop 1 2 1 1 2' }).waitFor();
      await first!.getByRole('row', { name: 'pay 1 1 – 1 –' }).waitFor();
      await first!.getByRole('link', { name: 'shop' }).click();
      const list = page.getByRole('table', { name: 'Workloads' });
      await list.getByRole('row', { name: 'shop/Deployment/web' }).getByText('failed').waitFor();
      expect(await list.getByRole('row').count()).toBe(2);
      await list.getByRole('link', { name: 'shop/Deployment/web' }).click();
      await page.getByRole('heading', { name: 'Deployment shop/web' }).waitFor();
      expect(new URL(page.url()).pathname).toBe('/workloads/eu1/shop/Deployment/web');
      await page.getByText('2 pods, 2 containers').waitFor();
      await page.getByText('web-1').click();
      await page.getByRole('link', { name: 'registry.example.com/shop/web:1' }).first().waitFor();
      await page.getByText('privileged web').waitFor();
      await page.getByRole('link', { name: 'Miner in the shop' }).waitFor();
      await page.getByRole('row', { name: 'lib-of-web loaded shop/web:1' }).waitFor();
      await page.getByRole('link', { name: 'Compare with…' }).click();
      expect(await page.getByRole('combobox', { name: 'From' }).inputValue()).toBe('running:eu1/shop/Deployment/web');
    });

    it('are found by search, and named by incidents', async () => {
      await open('/');
      await page.getByRole('button', { name: 'Search' }).click();
      await page.getByRole('dialog', { name: 'Search' }).getByLabel('Search').fill('shop/Deployment/web');
      await page.getByRole('option').filter({ hasText: 'eu1/shop' }).click();
      await page.getByRole('heading', { name: 'Deployment shop/web' }).waitFor();
      await page.getByRole('link', { name: 'Miner in the shop' }).click();
      const table = page.getByRole('table', { name: 'Blast radius' });
      await table.getByRole('link', { name: 'shop/Deployment/checkout' }).waitFor();
    });

    it('are shown to limited users in their namespaces alone', async () => {
      const tab = await signedIn('pay', ['pay']);
      await tab.goto(`${api.url}/workloads?tab=namespaces`);
      await tab.getByRole('row', { name: 'pay 1 1' }).waitFor();
      expect(await tab.getByRole('link', { name: 'shop', exact: true }).count()).toBe(0);
      await tab.goto(`${api.url}/workloads/eu1/pay/StatefulSet/db`);
      await tab.getByRole('heading', { name: 'StatefulSet pay/db' }).waitFor();
      await tab.goto(`${api.url}/workloads/eu1/shop/Deployment/web`);
      await tab.getByRole('alert').getByText('WORKLOAD_UNKNOWN').waitFor();
      await tab.context().close();
    });
  });

  describe('an incident', () => {
    it('shows its processes below their parents, and similar incidents', async () => {
      await open(`/incidents/${uuidOf('miner')}`);
      const tree = page.getByRole('region', { name: 'Process tree' });
      const shell = tree.getByRole('listitem').filter({ hasText: '/usr/bin/node' }).first().getByRole('listitem');
      await shell
        .filter({ hasText: '/bin/sh' })
        .getByRole('listitem')
        .filter({ hasText: '/tmp/miner' })
        .first()
        .waitFor();
      await tree.getByText('known as a parent alone').waitFor();
      const similar = page.locator('section', { hasText: 'Similar incidents' }).last();
      await similar.getByRole('link', { name: 'Miner before' }).waitFor();
      await similar.getByText('same workload · same findings').waitFor();
    });

    it('keeps the texts of the blast radius in their boxes', async () => {
      const picture = page.getByRole('region', { name: 'Picture of the blast radius' });
      await picture.locator('.node').first().waitFor();
      const right = (part: string) =>
        picture.locator(part).evaluateAll((found) => found.map((each) => each.getBoundingClientRect().right));
      const boxes = await right('.node rect');
      const spill = (await right('.node text')).map((end, index) => end - boxes[Math.floor(index / 3)]!);
      expect(spill.length).toBeGreaterThan(1);
      expect(Math.max(...spill)).toBeLessThan(0);
      expect(await picture.locator('.node.image title').first().textContent()).toContain('WWWWW/web:1');
    });
  });

  describe('accessibility (axe-core)', () => {
    const pages = [
      ['compare', `/compare?from=${encodeURIComponent(tagOf('shop/web:1'))}&to=${newer}`],
      ['fixes', `/images/${older}?tab=fixes`],
      ['workloads', '/workloads'],
      ['namespaces', '/workloads?tab=namespaces'],
      ['incident', `/incidents/${uuidOf('miner')}`],
      ['workload', '/workloads/eu1/shop/Deployment/web'],
      ['fix-times', '/report/fixes'],
    ] as const;
    /** Folder for pictures of the pages, to look at. */
    const pictures = process.env['TIDEWAITER_PICTURES'];

    it.each([
      ['light', 1440],
      ['light', 1024],
      ['light', 390],
      ['dark', 1440],
      ['dark', 390],
    ] as const)('finds nothing in %s at %i pixels, and no page scrolls sideways', async (scheme, width) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const found: string[] = [];
      for (const [name, path] of pages) {
        await open(path);
        await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
        const violations = await accessibilityViolations(page, { colorsAlone: scheme === 'dark' });
        found.push(...violations.map((violation) => `${path} ${violation}`));
        const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        if (overflow > 0) found.push(`${path} is ${overflow} pixels too wide`);
        if (pictures === undefined) continue;
        mkdirSync(pictures, { recursive: true });
        await page.screenshot({ path: join(pictures, `${name}-${scheme}-${width}.png`), fullPage: true });
      }
      expect(found).toEqual([]);
    });
  });

  it('show the verdict of each push in the history of an image', async () => {
    await page.goto(`${api.url}/images/${older}?tab=history`);
    const entry = page.getByRole('listitem').filter({ hasText: 'shop/web:1' });
    await entry.getByText('failed').waitFor();
  });

  it('report no error of a script or of the security policy', () => {
    expect(problems).toEqual([]);
  });
});
