import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { type AccessRole } from '@tidewaiter/domain';
import { ApiTokens, ClusterCredentials, Clusters, ContainmentOrders, Incidents, Store } from '@tidewaiter/store';
import {
  accessibilityViolations,
  describeWith,
  minerIncident,
  pathOf,
  programs,
  startConsole,
  type TestConsole,
} from '@tidewaiter/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';

import { start } from '../main.js';

const root = join(__dirname, '../../../../..');
const workload = 'shop/Deployment/web';
const incident = minerIncident({
  ...{ cluster: 'eu1', namespace: 'shop', workload },
  workloads: [{ cluster: 'eu1', workload, imageDigest: null, firstSeen: '', pods: ['web-5d-x'] }],
});

describeWith(programs('chromium'))('containment and clusters in the browser', () => {
  let api: TestConsole;
  let store: Store;
  let browser: Browser;

  beforeAll(async () => {
    // Does nothing where the build is current.
    execFileSync(process.execPath, [join(root, 'tools/build-console.mjs')], { cwd: root });
    const { privateKey } = generateKeyPairSync('ed25519');
    api = await startConsole(start, {
      files: {
        'key.pem': privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
        'tidewaiter.yaml': 'containment: { signingKeyFile: key.pem }',
      },
    });
    store = api.store;
    await store.transaction(async (tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
    browser = await chromium.launch({ executablePath: pathOf('chromium'), args });
  });

  afterAll(async () => {
    await browser?.close();
    await api?.stop();
  });

  let tokens = 0;
  const openedBy = async (role: AccessRole): Promise<Page> => {
    tokens += 1;
    const token = (await new ApiTokens(store).make(`${role}-${tokens}`, role, null)).reveal();
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(15_000);
    await page.goto(`${api.url}/`);
    await page.getByLabel('API token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Now' }).waitFor();
    await page.goto(`${api.url}/incidents/${incident.id}`);
    await page.getByRole('heading', { name: 'Containment' }).waitFor();
    return page;
  };

  it('requests what a responder orders, and lets a maintainer approve and undo it', async () => {
    const responder = await openedBy('responder');
    const isolate = responder.getByRole('listitem').filter({ hasText: 'Isolate shop/Deployment/web' });
    await isolate.getByRole('button', { name: 'Request' }).click();
    const dialog = responder.getByRole('dialog');
    await dialog.getByText('Create a NetworkPolicy in shop').waitFor();
    await dialog.getByLabel('Reason').fill('a miner runs in it');
    await dialog.getByRole('button', { name: 'Request' }).click();
    await lines(responder, 'requested isolate Deployment/shop/web');
    expect(await responder.getByRole('button', { name: 'Approve' }).count()).toBe(0);

    const maintainer = await openedBy('maintainer');
    await maintainer.getByRole('button', { name: 'Approve' }).click();
    await lines(maintainer, 'ordered isolate Deployment/shop/web');
    const orders = new ContainmentOrders(store);
    const { id } = (await orders.of(incident.id))[0]!;
    const done = { state: 'done', at: new Date(), actor: 'agent:eu1', report: null } as const;
    await store.transaction(async (tx) => orders.advance(tx, id, done));
    await maintainer.reload();
    await maintainer.getByRole('button', { name: 'Undo' }).click();
    await maintainer.getByLabel('Reason').fill('false alarm');
    await maintainer.getByRole('dialog').getByRole('button', { name: 'Undo' }).click();
    await expect(lines(maintainer, 'undo isolate')).resolves.toBe(1);
  });

  const lines = async (page: Page, text: string): Promise<number> => {
    const found = page.getByRole('listitem').filter({ hasText: text });
    await found.first().waitFor();
    return found.count();
  };

  it('shows a viewer the orders and no buttons', async () => {
    const page = await openedBy('viewer');
    expect(await lines(page, 'a miner runs in it')).toBe(1);
    for (const name of ['Order', 'Request', 'Try', 'Undo', 'Approve'])
      expect(await page.getByRole('button', { name, exact: true }).count()).toBe(0);
  });

  /** An agent with lag, losses and a problem, beside one that has not joined. */
  async function joinClusters(): Promise<void> {
    const [clusters, credentials] = [new Clusters(store), new ClusterCredentials(store)];
    const agent = { version: '9.9.9', instance: 'one' };
    const issued = await credentials.join((await clusters.invite('eu1')).token.reveal(), agent);
    await credentials.report(await credentials.verify(issued.credential.reveal()), {
      ...{ ...agent, lastEventAt: new Date().toISOString(), lagMs: 65_000, waitingBytes: 2_000_000 },
      ...{ dropped: { falco: 1_234 }, problems: { kubernetes: 'pods: 403' } },
    });
    await clusters.invite('us1');
  }

  it('lists clusters, shows the token of a new one once, and removes one after a question', async () => {
    await joinClusters();
    const page = await openedBy('admin');
    await page.goto(`${api.url}/system/clusters`);
    const row = page.getByRole('row').filter({ hasText: 'eu1' });
    for (const text of ['ok', '9.9.9', '65 s behind', '1,234 of falco dropped', 'kubernetes: pods: 403'])
      await row.getByText(text).waitFor();
    await page.getByRole('row').filter({ hasText: 'us1' }).getByText('invited').waitFor();

    await page.getByText('Join a cluster').click();
    await page.getByLabel('Name of the cluster').fill('ap1');
    await page.getByRole('button', { name: 'Make a join token' }).click();
    const command = await page.getByLabel('Command that starts the agent', { exact: true }).textContent();
    const [token = ''] = /tide_join_[\w-]+/.exec(command ?? '') ?? [];
    const joined = await new ClusterCredentials(store).join(token, { version: '1', instance: 'two' });
    expect(joined.cluster).toBe('ap1');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByText('Join a cluster').waitFor();
    expect(await page.content()).not.toContain(token);

    await page.getByRole('button', { name: 'Remove us1' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Remove us1' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Remove', exact: true }).click();
    await page.getByRole('row').filter({ hasText: 'us1' }).waitFor({ state: 'detached' });
    const acts = await store.query(
      `SELECT action || ' ' || subject AS act FROM audit_entry WHERE action ~ '^cluster' AND actor <> 'agent'`,
    );
    expect(acts).toEqual([{ act: 'cluster.invited ap1' }, { act: 'cluster.removed us1' }]);
  });

  it('shows a viewer the clusters and no buttons', async () => {
    const page = await openedBy('viewer');
    await page.goto(`${api.url}/system/clusters`);
    await page.getByRole('row').filter({ hasText: 'eu1' }).waitFor();
    expect(await page.getByRole('button', { name: /Remove/ }).count()).toBe(0);
    expect(await page.getByText('Join a cluster').count()).toBe(0);
  });

  it.each(
    [`/incidents/${incident.id}`, '/system/clusters'].flatMap((path) =>
      [390, 1024, 1440].map((width) => [path, width] as const),
    ),
  )('has no violation of axe-core on %s at %i pixels, light and dark', async (path, width) => {
    const page = await openedBy('admin');
    await page.setViewportSize({ width, height: 900 });
    await page.goto(`${api.url}${path}`);
    if (path === '/system/clusters') await page.getByText('Join a cluster').click();
    else await page.getByRole('heading', { name: 'Containment' }).waitFor();
    const found: string[] = [];
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      found.push(...(await accessibilityViolations(page, { colorsAlone: colorScheme === 'dark' })));
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      if (overflow > 0) found.push(`${overflow} pixels too wide`);
      const pictures = process.env['TIDEWAITER_PICTURES'];
      if (pictures === undefined) continue;
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({
        path: join(pictures, `${path.split('/')[1]}-${width}-${colorScheme}.png`),
        fullPage: true,
      });
    }
    expect(found).toEqual([]);
  });
});
