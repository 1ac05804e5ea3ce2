import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { draft, registryPushed } from '@tidewaiter/events';
import {
  ApiTokens,
  DeadLetters,
  Deliveries,
  Images,
  Incidents,
  Pushes,
  Store,
  WorkloadFindings,
} from '@tidewaiter/store';
import {
  accessibilityViolations,
  describeWith,
  entryKeyOfTests,
  minerIncident,
  pathOf,
  programs,
  startConsole,
  type TestConsole,
  uuidOf,
} from '@tidewaiter/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';

import { start } from '../main.js';

const hostile = `<img src=x onerror="document.title='owned'">`;
const root = join(__dirname, '../../../../..');
const digest = `sha256:${'a'.repeat(64)}`;
const imageTabs = [
  ...['changes', 'fixes', 'findings', 'layers', 'packages', 'secrets', 'integrity', 'misconfiguration'],
  ...['runtime', 'provenance', 'history'],
];

describeWith(programs('chromium'))('the web pages', () => {
  let api: TestConsole;
  let store: Store;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  const push = async (tag: string, connection = 'main'): Promise<void> => {
    const place = { connection, repository: 'shop/app', tag };
    const facts = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: hostile, pushedAt: null };
    await store.transaction(async (tx) => {
      const [pushId = ''] = await new Pushes(store).add(tx, [{ ...place, ...facts }]);
      await tx.emit(draft(registryPushed, `shop/app:${tag}`, { pushId, ...place, digest: null }));
    });
  };

  /** Hostile text has become no elements: the pages have no other images than their own. */
  const expectNoMarkup = async (): Promise<void> => {
    expect(await page.locator('#main img[src="x"]').count()).toBe(0);
    expect(await page.title()).not.toBe('owned');
  };
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (const deadline = Date.now() + 15_000; !(await holds()); await page.waitForTimeout(50))
      if (Date.now() > deadline) throw new Error(`not within 15 seconds: ${what}`);
  };
  const open = async (path: string): Promise<void> => {
    await page.goto(`${api.url}${path}`);
    await page.getByRole('heading', { level: 1 }).first().waitFor();
  };

  beforeAll(async () => {
    // Does nothing where the build is current.
    execFileSync(process.execPath, [join(root, 'tools/build-console.mjs')], { cwd: root });
    api = await startConsole(start, {
      environment: { ...entryKeyOfTests, TIDEWAITER_INGEST_URL: 'https://ingest.example.com' },
    });
    store = api.store;
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
    browser = await chromium.launch({ executablePath: pathOf('chromium'), args });
    page = await browser.newPage();
    page.setDefaultTimeout(15_000);
    // Chromium also reports violations of the content security policy here.
    // Wrong queries and vulnerabilities that no image has.
    const isExpected = (text: string) => /the server responded with a status of 40[04]/.test(text);
    page.on('console', (message) => {
      if (message.type() === 'error' && !isExpected(message.text())) problems.push(message.text());
    });
    page.on('pageerror', (error) => problems.push(String(error)));
  });

  afterAll(async () => {
    await browser?.close();
    await api?.stop();
  });

  it('open with the setup link, which leaves no secret behind, and teach the next step', async () => {
    await page.goto(api.notices[0]!.replace(/^.*?(?=http)/, ''));
    await page.getByText('No ship has come in yet').waitFor();
    expect(page.url()).toBe(`${api.url}/`);
    await page.reload();
    await page.getByText('No ship has come in yet').waitFor();
    await page.getByRole('link', { name: 'Images', exact: true }).click();
    await page.getByText('docker push localhost:5000/app:1').waitFor();
  });

  it('show hostile text as text', async () => {
    await push(hostile);
    await page.getByRole('link', { name: `shop/app:${hostile}` }).waitFor();
    await page.getByRole('row', { name: 'waiting' }).waitFor();
    await expectNoMarkup();
    await page.getByRole('link', { name: `shop/app:${hostile}` }).click();
    await page.getByRole('heading', { name: `shop/app:${hostile}` }).waitFor();
    await expectNoMarkup();
    await page.goBack();
  });

  it('announce what is new and do not move', async () => {
    await page.getByRole('row', { name: 'waiting' }).waitFor();
    await push('2');
    const pill = page.getByRole('button', { name: '1 new' });
    await pill.waitFor();
    expect(await page.getByText('shop/app:2').count()).toBe(0);
    await pill.click();
    await page.getByText('shop/app:2').waitFor();
  });

  it('open an incident by its name, and what messages of earlier versions link to', async () => {
    const incident = minerIncident({ title: `A shell ${hostile}`, sentence: hostile, nextSteps: [hostile] });
    await store.transaction(async (tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
    await page.goto(`${api.url}/#incidents/${incident.id}`);
    await page.getByRole('heading', { name: `A shell ${hostile}` }).waitFor();
    expect(page.url()).toBe(`${api.url}/incidents/${incident.id}`);
    await page.getByText('Connection to mining pool').first().waitFor();
    await expectNoMarkup();
    const { number } = (await new Incidents(store).get(incident.id))!;
    await page.goto(`${api.url}/incidents/INC-${number}`);
    await page.waitForURL(`${api.url}/incidents/${incident.id}`);
    await page.getByRole('heading', { name: `A shell ${hostile}` }).waitFor();

    const image = {
      digest,
      mediaType: 'm',
      configDigest: digest,
      platform: 'linux/amd64',
      createdAt: null,
      baseCreatedAt: null,
      user: null,
      labels: {},
      findings: [],
      configVersion: null,
      layers: [],
    };
    await store.transaction(async (tx) => new Images(store).add(tx, [image]));
    // A change of the fragment alone loads no page.
    await page.goto(`${api.url}/incidents/${incident.id}#images/${digest}`);
    await page.getByText('linux/amd64').waitFor();
    await page
      .getByRole('button', { name: `copy ${digest}` })
      .first()
      .waitFor();
    expect(page.url()).toBe(`${api.url}/images/${digest}`);
    await page.getByRole('link', { name: 'Images', exact: true }).click();
    await page.getByText('shop/app:2').waitFor();
  });

  it('show what is misconfigured in the workload of an incident, and in those that run an image', async () => {
    const incident = minerIncident({
      id: uuidOf('misconfigured'),
      title: 'Misconfigured',
      workload: 'shop/Deployment/web',
      cluster: 'eu1',
    });
    const finding = {
      check: 'k8s-privileged',
      severity: 'critical',
      title: hostile,
      container: 'app',
      field: 'spec.x',
    } as const;
    const place = { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'web' };
    const many = Array.from({ length: 250 }, (_, index) => ({
      ...({ check: 'k8s-no-cpu-limit', severity: 'low', title: `low ${index}`, container: null, field: null } as const),
      fingerprint: `${index}`,
    }));
    await store.transaction(async (tx) => {
      await new Incidents(store).apply(tx, [{ kind: 'opened', incident }]);
      const findings = [{ ...finding, fingerprint: 'worst' }, ...many];
      const workload = { kind: place.kind, name: place.name };
      await new WorkloadFindings(store).put(tx, [
        { ...place, workload, version: '1', changedAt: '2026-01-01T10:00:00Z', isGone: false, findings },
      ]);
    });
    await store.query(
      `INSERT INTO container_ledger (container_id, cluster, namespace, workload_kind, workload, image_digest, claimed_digests, first_seen, last_seen)
       VALUES ('of-web', 'eu1', 'shop', 'Deployment', 'web', $1, '{}', now(), now())`,
      [digest],
    );
    for (const path of [`/incidents/${incident.id}`, `/images/${digest}?tab=runtime`]) {
      await open(path);
      await page.getByRole('heading', { name: 'Misconfiguration of Deployment shop/web in eu1' }).waitFor();
      await page.getByText(hostile).filter({ visible: true }).first().waitFor();
      await page.getByText('151 milder findings of workloads').waitFor();
      await expectNoMarkup();
    }
  });

  it('keep only rows near the screen in a long list', async () => {
    await open('/workloads?workload=shop/Deployment/web');
    const table = page.getByRole('table', { name: 'Misconfiguration of workloads' });
    const first = await table.getByRole('row').nth(1).textContent();
    // Each scroll to the end asks for the next page.
    await until('all rows are listed', async () => {
      await page.keyboard.press('End');
      return (await table.getAttribute('aria-rowcount')) === '252';
    });
    await table.getByText(first!).waitFor({ state: 'detached' });
    await until('few rows are in the page', async () => (await table.getByRole('row').count()) < 80);
  });

  it('update an open incident, and acknowledge it', async () => {
    const incidents = new Incidents(store);
    const story = minerIncident({ id: uuidOf('followed'), title: 'Followed' });
    const grown = { ...story, revision: story.revision + 1, severity: 'critical' as const, sentence: 'It got worse.' };
    await store.transaction(async (tx) =>
      incidents.apply(tx, [{ kind: 'opened', incident: { ...story, severity: 'low' } }]),
    );
    await open(`/incidents/${story.id}`);
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('acknowledged by admin', { exact: true }).waitFor();
    await page.getByText('Record of the sensor').first().click();
    await page.getByRole('button', { name: 'Resolve' }).focus();

    await store.transaction(async (tx) => incidents.apply(tx, [{ kind: 'updated', incident: grown }]));
    await page.getByText('It got worse.').waitFor();
    // The update keeps open details and focus, and the worsened incident can be acknowledged again.
    expect(await page.locator('details[open]').count()).toBe(1);
    await page.locator('button:focus', { hasText: /^Resolve$/ }).waitFor();
    await page.getByRole('button', { name: 'Acknowledge' }).waitFor();
    await page.getByRole('button', { name: 'Resolve' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: `Resolve INC-` });
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    // Its keys are those of the list.
    await page.keyboard.press('e');
    await dialog.getByLabel('False positive').check();
    await dialog.getByLabel('Comment').fill(hostile);
    await dialog.getByRole('button', { name: 'Resolve' }).click();
    await page.getByText('resolved by admin as false-positive').waitFor();
    await expectNoMarkup();
    await page.getByRole('button', { name: 'Resolve' }).waitFor({ state: 'detached' });
    // The button is gone: the focus is on the page, not lost.
    await page.locator('#main:focus').waitFor();
  });

  it('triage incidents by keyboard alone', async () => {
    const story = minerIncident({ id: uuidOf('triage'), title: 'By keyboard', severity: 'critical', score: 100 });
    await store.transaction(async (tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident: story }]));
    await open('/incidents');
    await page.getByRole('link', { name: 'By keyboard' }).waitFor();
    await page.keyboard.press('j');
    const panel = page.getByRole('complementary', { name: 'Chosen incident' });
    await panel.getByRole('heading', { name: 'By keyboard' }).waitFor();
    expect(page.url()).toContain(`selected=${story.id}`);
    await page.keyboard.press('a');
    await panel.getByText('acknowledged by admin', { exact: true }).waitFor();
    await page.keyboard.press('c');
    await page.getByRole('dialog').getByLabel('Comment').waitFor();
    await page.keyboard.type('Looking into it');
    // The dialog keeps a draft.
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.keyboard.press('c');
    await page.getByRole('dialog').getByText('Looking into it').waitFor();
    await page.keyboard.press('Control+Enter');
    await panel.getByText('Looking into it').waitFor();
    // Users of the incident, in place of those for any incident of the caller.
    const asked = page.waitForRequest((request) => request.url().includes('/api/v1/assignees?incident='));
    await page.keyboard.press('i');
    await page.getByRole('dialog').getByRole('button', { name: 'Nobody' }).press('Enter');
    await asked;
    await panel.getByText('assigned to admin', { exact: true }).waitFor({ state: 'detached' });
    await page.keyboard.press('m');
    await panel.getByText('assigned to admin', { exact: true }).waitFor();
    await page.keyboard.press('s');
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^1 hour/ })
      .waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('is snoozed until').waitFor();
    await page.getByRole('row').getByRole('link', { name: 'By keyboard' }).waitFor({ state: 'detached' });
    // Snoozed incidents are a filter away, and come back with their next step.
    await page.goto(`${api.url}/incidents?state=snoozed&selected=${story.id}`);
    await panel.getByText('snoozed, back in').waitFor();
    await page.getByRole('row').getByRole('link', { name: 'By keyboard' }).waitFor();
    await page.keyboard.press('e');
    await page.getByRole('dialog').getByLabel('Fixed').waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('is resolved').waitFor();
    await page.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.getByRole('dialog').getByText('Acknowledge the incident').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('act on several incidents at once', async () => {
    const incidents = new Incidents(store);
    const stories = ['one', 'two', 'three'].map((name) =>
      minerIncident({ id: uuidOf(`several ${name}`), title: `Several ${name}`, namespace: 'several' }),
    );
    await store.transaction(async (tx) =>
      incidents.apply(
        tx,
        stories.map((incident) => ({ kind: 'opened', incident })),
      ),
    );
    await open('/incidents?q=namespace%3Dseveral');
    for (const name of ['one', 'two'])
      await page
        .getByRole('row', { name: `Several ${name}` })
        .getByRole('checkbox')
        .check();
    const bar = page.getByRole('group', { name: 'Actions on the selected incidents' });
    await bar.getByText('2 incidents selected').waitFor();
    await bar.getByRole('button', { name: 'Select all 3 listed' }).click();
    await bar.getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('dialog', { name: 'Resolve 3 incidents' }).getByLabel('Duplicate').check();
    await page.getByRole('dialog').getByRole('button', { name: 'Resolve' }).click();
    await page.getByRole('status').getByText('3 incidents are resolved').waitFor();
    await page.getByText('No incident matches these filters').waitFor();
    await page.getByLabel('State').selectOption('resolved');
    for (const name of ['one', 'two', 'three'])
      await page
        .getByRole('row', { name: `Several ${name}` })
        .filter({ hasText: 'by admin as duplicate' })
        .waitFor();
  });

  it('follow the events over one connection for all tabs, and count new rows', async () => {
    const incidents = new Incidents(store);
    const report = async (title: string) => {
      const incident = minerIncident({ id: uuidOf(title), title, namespace: 'live' });
      await store.transaction(async (tx) => incidents.apply(tx, [{ kind: 'opened', incident }]));
    };
    await report('Before');
    const streams: Page[] = [];
    const context = await browser.newContext({ storageState: await page.context().storageState() });
    const tabs = await Promise.all([context.newPage(), context.newPage()]);
    for (const tab of tabs) {
      tab.on('request', (request) => request.url().endsWith('/stream') && streams.push(tab));
      await tab.goto(`${api.url}/incidents?q=namespace%3Dlive`);
      await tab.getByRole('link', { name: 'Before' }).waitFor();
    }
    expect(streams).toHaveLength(1);
    await report('After');
    for (const tab of tabs) {
      await tab.getByRole('button', { name: '1 new' }).waitFor();
      expect(await tab.getByRole('link', { name: 'After' }).count()).toBe(0);
    }
    // The tab that is left takes the connection over.
    const [leader] = streams;
    const other = tabs.find((tab) => tab !== leader)!;
    const isTakenOver = other.waitForRequest((request) => request.url().endsWith('/stream'));
    await leader!.close();
    await isTakenOver;
    await other.getByRole('button', { name: '1 new' }).click();
    await other.getByRole('link', { name: 'After' }).waitFor();
    await context.close();
  });

  it('search from every page and open what is found', async () => {
    await open('/system');
    await page.keyboard.press('/');
    await page.getByRole('searchbox', { name: 'Search' }).waitFor();
    await page.keyboard.type(digest);
    await page.getByRole('option', { name: 'image' }).waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/images/${digest}`);
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('search for what is typed before the search is loaded', async () => {
    const context = await browser.newContext({ storageState: await page.context().storageState() });
    const slow = await context.newPage();
    let load: (() => void) | undefined;
    const loading = new Promise<void>((resolve) => (load = resolve));
    await slow.route(/search-dialog/, async (route) => {
      await loading;
      await route.continue();
    });
    await slow.goto(`${api.url}/images`);
    await slow.getByRole('heading', { name: 'Images' }).waitFor();
    await slow.keyboard.type('/INC-1');
    load!();
    const field = slow.getByRole('searchbox', { name: 'Search' });
    await field.waitFor();
    expect(await field.inputValue()).toBe('INC-1');
    await slow.keyboard.type('2');
    expect(await field.inputValue()).toBe('INC-12');
    await context.close();
  });

  it('keep filters in the address', async () => {
    await open('/incidents');
    await page.getByLabel('State').selectOption('resolved');
    await page.getByRole('link', { name: 'By keyboard' }).waitFor();
    await page.waitForURL('**/incidents?state=resolved');
    await page.reload();
    await page.getByRole('link', { name: 'By keyboard' }).waitFor();
    expect(await page.getByLabel('State').inputValue()).toBe('resolved');
    await page.getByLabel('Filter').fill('severity>=high workload=nowhere*');
    await page.getByLabel('Filter').press('Enter');
    await page.getByText('No incident matches these filters').waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toBe('severity>=high workload=nowhere*');
    // A wrong query is explained with its place, and what was typed stays.
    await page.getByLabel('Filter').fill('color=red');
    await page.getByLabel('Filter').press('Enter');
    await page.getByRole('alert').getByText('QUERY_INVALID').waitFor();
    expect(await page.getByLabel('Filter').inputValue()).toBe('color=red');
    await page.getByRole('status').getByText('column 1: no field "color"').waitFor();
    await page.reload();
    await page.getByRole('status').getByText('column 1: no field "color"').waitFor();
    await page.getByLabel('Filter').fill('keyboard');
    await page.getByLabel('Filter').press('Enter');
    await page.getByRole('link', { name: 'By keyboard' }).waitFor();
    await page.goBack();
    await page.getByRole('alert').getByText('QUERY_INVALID').waitFor();
    await page.goForward();
    await page.getByRole('link', { name: 'By keyboard' }).waitFor();
    const file = page.waitForEvent('download');
    await page.getByRole('link', { name: 'CSV' }).click();
    expect(readFileSync(await (await file).path(), 'utf8').match(/By keyboard/g)).toHaveLength(1);
  });

  it('limit every page by a scope that is chosen once, and name what it does not limit', async () => {
    const incident = minerIncident({ id: uuidOf('elsewhere'), title: 'Elsewhere', cluster: 'us1' });
    await store.transaction(async (tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
    await open('/incidents');
    await page.getByRole('row', { name: 'Elsewhere' }).waitFor();
    await page.getByRole('button', { name: 'Scope' }).press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Scope' });
    await dialog.locator('option[value="eu1"]').waitFor({ state: 'attached' });
    await page.keyboard.type('eu1');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/incidents?scope.cluster=eu1');
    await page.getByRole('row', { name: 'Misconfigured' }).waitFor();
    expect(await page.getByRole('row', { name: 'Elsewhere' }).count()).toBe(0);
    const bar = page.getByRole('region', { name: 'Scope' });
    expect(await bar.textContent()).not.toContain('does not apply');
    const csv = await page.getByRole('link', { name: 'CSV' }).getAttribute('href');
    expect(csv).toContain(new URLSearchParams({ q: 'cluster=eu1 (state=open)' }).toString());

    await page.getByRole('link', { name: 'Images', exact: true }).click();
    await page.waitForURL('**/images?scope.cluster=eu1');
    await bar.getByText('The scope does not apply to this page').waitFor();
    await page.getByRole('link', { name: 'Workloads', exact: true }).first().click();
    await page.getByRole('table', { name: 'Workloads' }).waitFor();
    await page.getByRole('link', { name: 'Now', exact: true }).click();
    await bar.getByText('cluster does not apply to last pushes').waitFor();
    await page.getByRole('link', { name: 'Misconfigured' }).waitFor();
    await page.keyboard.press('/');
    await page.getByRole('searchbox').fill('INC-1');
    await page.getByRole('option').first().click();
    await page.waitForURL('**/incidents/*?scope.cluster=eu1');

    await page.getByRole('button', { name: 'Scope' }).click();
    await dialog.getByLabel('Repository').fill('shop/none*');
    await dialog.getByLabel('Owner').fill('team');
    await dialog.getByRole('button', { name: 'Apply' }).click();
    await page.getByRole('link', { name: 'Vulnerabilities', exact: true }).click();
    await page.getByText('No vulnerability matches this filter').waitFor();
    await page.getByRole('button', { name: 'Remove owner team' }).press('Enter');
    await page.waitForURL('**/vulnerabilities?scope.cluster=eu1&scope.repository=shop*');
    await page.getByRole('button', { name: 'Remove all' }).click();
    await page.waitForURL('**/vulnerabilities');
    await bar.waitFor({ state: 'detached' });
  });

  it('save the query of a list, show its count on Now, rename it and delete it', async () => {
    await open('/images?state=accepted&q=tag%3D2');
    await page.getByRole('button', { name: 'Save view' }).click();
    await page.getByLabel('Name of the view').fill(hostile);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('status').getByText('is saved, and on Now').waitFor();
    await open('/');
    const pinned = page.getByRole('listitem').filter({
      has: page.getByRole('link', { name: hostile, exact: true }),
    });
    await pinned.locator('b', { hasText: /^1$/ }).waitFor();
    await expectNoMarkup();
    await pinned.getByRole('link', { name: hostile, exact: true }).click();
    await page.getByText('shop/app:2').waitFor();
    expect(new URL(page.url()).searchParams.get('q')).toBe('state=accepted (tag=2)');
    await open('/views');
    await page.getByRole('button', { name: /^Change / }).click();
    await page.getByLabel('Name', { exact: true }).fill('waiting');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('link', { name: 'waiting' }).waitFor();
    await page.getByRole('button', { name: 'Unpin waiting' }).click();
    await page.getByRole('button', { name: 'Pin waiting', exact: true }).click();
    await page.getByRole('button', { name: 'Unpin waiting' }).waitFor();
    await page.getByRole('button', { name: 'Change waiting' }).click();
    await page.getByRole('button', { name: 'Delete waiting' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('No saved view').waitFor();
  });

  it('add an exception, change it, delete it, and bring it back', async () => {
    await open(`/policies/exceptions?edit=new&finding=${encodeURIComponent(hostile)}`);
    await page.getByLabel('Repository or pattern').fill('shop/*');
    await page.getByLabel('Reason', { exact: true }).fill(hostile);
    await page.getByLabel('Owner').fill('team-shop');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('until: expected a day').waitFor();
    await page.getByLabel('Last day').fill('2999-01-31');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row', { name: 'version 1' }).getByRole('link').click();
    await page.getByLabel('Owner').fill('team-base');
    await page.getByLabel('Reason for the change').fill('moved');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row', { name: 'version 2' }).getByText('team-base').waitFor();
    await expectNoMarkup();
    await page.getByRole('button', { name: /^Delete / }).click();
    await page.getByText('deleted', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Bring back version 1' }).click();
    await page.getByRole('row', { name: 'version 4' }).getByText('team-shop').waitFor();
  });

  it.each([
    ['/incidents/alerts', 'severity>=high'],
    ['/policies/rules', 'level>=high'],
    ['/policies/silences', 'by=admin'],
    ['/system/deliveries', 'attempts>1'],
    ['/system/dead-letters', 'stage=event'],
  ])('filter, export and keep the list of %s', async (path, q) => {
    await open(path);
    await page.getByRole('combobox', { name: 'Filter' }).fill(q);
    await page.getByRole('combobox', { name: 'Filter' }).press('Enter');
    await page.waitForURL((url) => url.searchParams.get('q') === q);
    expect(await page.getByRole('alert').count()).toBe(0);
    const href = await page.getByRole('link', { name: 'NDJSON' }).getAttribute('href');
    expect(new URLSearchParams(href!.split('?')[1]).get('q')).toContain(q);
    expect((await page.request.get(`${api.url}/${href!}`)).status()).toBe(200);
    await page.getByRole('button', { name: 'Save view' }).click();
    await page.getByLabel('Name of the view').fill(path);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('status').getByText('is saved, and on Now').waitFor();
    await open('/views');
    await page.getByRole('link', { name: path, exact: true }).click();
    await page.waitForURL((url) => url.pathname === path && url.searchParams.get('q')!.includes(q));
  });

  it('complete a filter by keyboard while it is typed', async () => {
    await open('/incidents?state=all');
    const box = page.getByRole('combobox', { name: 'Filter' });
    await box.click();
    await page.getByRole('option', { name: /^severity>=/ }).waitFor();
    await page.keyboard.type('sev');
    await page
      .getByRole('listbox')
      .getByRole('option', { name: /^state=/ })
      .waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('listbox').getByRole('option', { name: 'negligible' }).waitFor();
    expect(await box.inputValue()).toBe('severity>=');
    expect(await box.getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.type('hi');
    await page.getByRole('listbox').getByRole('option', { name: 'negligible' }).waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.keyboard.type('title');
    // Escape closes the list and keeps the text.
    await page.keyboard.press('Escape');
    await page.getByRole('listbox', { name: 'Completions' }).waitFor({ state: 'hidden' });
    expect(await box.inputValue()).toBe('severity>=high title');
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('q') === 'severity>=high title');
    await box.fill('');
    await box.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('q') === null);
    // By mouse the field keeps the focus.
    await box.click();
    await page
      .getByRole('listbox')
      .getByRole('option', { name: /^snoozed/ })
      .click();
    await until('the option is taken over', async () => (await box.inputValue()) === 'snoozed ');
    expect(await box.evaluate((field) => field.matches(':focus'))).toBe(true);
    await page.keyboard.press('Enter');
  });

  it('check, test and save a routing, and bring back an earlier one', async () => {
    const routing = (receiver: string) => `route: { receiver: ${receiver} }\nreceivers: [{ name: ${receiver} }]\n`;
    await open('/policies/routes');
    const text = page.getByLabel('Content of a routing.yaml');
    await text.fill('route: { receiver: none }');
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('route.receiver').waitFor();
    await text.fill(routing('team'));
    await page.getByRole('button', { name: 'Test' }).click();
    await page.getByText('team by route').waitFor();
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByText('The routing is saved').waitFor();
    await text.fill(routing('other'));
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('button', { name: 'Bring back version 1' }).click();
    await page.getByText('version 1 again').waitFor();
    await until('the earlier text is back', async () => (await text.inputValue()) === routing('team'));
  });

  it('lead from a new registry to its first event, which turns the page green', async () => {
    await open('/start');
    await page.getByLabel('Kind of registry').selectOption('harbor');
    expect(await page.getByLabel('Kind of registry').locator('option').count()).toBeGreaterThan(14);
    await page.getByLabel('Address', { exact: true }).fill('https://harbor.example.com');
    await page.getByRole('button', { name: 'Add the registry' }).click();
    const secret = await page.getByLabel('Webhook secret', { exact: true }).textContent();
    expect(secret).toMatch(/^[\w-]{32}$/);
    await page.getByText('https://ingest.example.com/hooks/registry/harbor').waitFor();
    await page.getByText(`Bearer ${secret}`).waitFor();
    await page.getByText('Waiting for the first push of harbor').waitFor();
    await push('from-harbor', 'harbor');
    await page.getByRole('status').getByText('received').waitFor();
    await page.getByRole('link', { name: 'shop/app:from-harbor' }).waitFor();
    // The API returns no secret, not even to the user who made it.
    await page.reload();
    await page.getByRole('link', { name: 'shop/app:from-harbor' }).waitFor();
    expect(await page.getByText(secret!).count()).toBe(0);
    await page.getByRole('button', { name: 'Make a new secret' }).click();
    const renewed = await page.getByLabel('Webhook secret', { exact: true }).textContent();
    expect(renewed).toMatch(/^[\w-]{32}$/);
    expect(renewed).not.toBe(secret);
  });

  it('save a first routing, and send a sample through it', async () => {
    const token = (await new ApiTokens(store).make('script', 'maintainer', null)).reveal();
    const headers = { authorization: `Bearer ${token}` };
    const before = await fetch(`${api.url}/api/v1/routes`, { headers });
    const { version } = (await before.json()) as { version: number };
    await fetch(`${api.url}/api/v1/routes?version=${version}`, { method: 'DELETE', headers });
    await open('/start?registry=harbor');
    await page.getByLabel('Channel for all alerts').selectOption('email');
    await page.getByLabel('To', { exact: true }).fill('a@example.com');
    await page.getByLabel('From', { exact: true }).fill('b@example.com');
    await page.getByLabel('Mail server').fill('mail.example.com:587');
    await page.getByRole('button', { name: 'Save the routing' }).click();
    await page.getByText('No notifier runs.').waitFor();
    await page.getByRole('button', { name: 'Send a sample to team' }).click();
    await page.getByRole('status').getByText('pending').waitFor();
  });

  it('make a token that is shown once, revoke it, and show all of it in the audit log', async () => {
    await open('/system/tokens');
    await page.getByText('New service account').click();
    await page.getByLabel('Name').fill('nightly');
    await page.getByLabel('Role', { exact: true }).selectOption('viewer');
    await page.getByRole('button', { name: 'Make', exact: true }).click();
    await page.getByRole('button', { name: 'Make a token of nightly' }).click();
    const secret = await page.getByRole('status').locator('code').textContent();
    const answer = await fetch(`${api.url}/api/v1/me`, { headers: { authorization: `Bearer ${secret}` } });
    expect(await answer.json()).toMatchObject({ name: 'nightly', role: 'viewer' });
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Change limits of nightly' }).click();
    await page.getByLabel('Repositories').fill('shop/*\nbase/*');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row', { name: 'nightly' }).getByText('repositories: shop/*, base/*').waitFor();
    const limited = await fetch(`${api.url}/api/v1/me`, { headers: { authorization: `Bearer ${secret}` } });
    expect(await limited.json()).toMatchObject({ scopes: [{ repositories: ['shop/*', 'base/*'], owners: [] }] });
    await page.getByRole('button', { name: 'Change limits of nightly' }).click();
    await page.getByLabel('Repositories').fill('');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('row', { name: 'nightly' }).getByText('everything').waitFor();
    const question = page.getByRole('alertdialog');
    await page.getByRole('button', { name: 'Delete nightly with its tokens' }).click();
    await question.getByText('Programs with 1 token of it are refused').waitFor();
    // Enter alone deletes nothing.
    await page.keyboard.press('Enter');
    await question.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Revoke nightly of nightly' }).click();
    await question.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('button', { name: 'Revoke nightly of nightly' }).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Delete nightly with its tokens' }).waitFor();
    expect(await page.getByText(secret!).count()).toBe(0);

    await open('/system/sessions');
    await page.getByRole('row', { name: 'admin' }).first().waitFor();
    await open('/system/users');
    await page.getByRole('row', { name: 'admin' }).getByText('active').waitFor();
    await open('/system/audit?q=action%3Dtoken.*');
    await page.getByText('verified').waitFor();
    await page.getByRole('row', { name: 'token.revoked' }).getByText('admin').waitFor();
    expect(await page.getByRole('row', { name: 'service-account.created' }).count()).toBe(0);
  });

  it('name what does not exist in the title, and offer no other try', async () => {
    await open(`/images/sha256:${'0'.repeat(64)}`);
    await page.getByText('IMAGE_UNKNOWN').waitFor();
    expect(await page.title()).toMatch(/^no image .* · Tidewaiter$/i);
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    await open('/no/such/page');
    expect(await page.title()).toBe('There is no such page · Tidewaiter');
  });

  it('explain to users without the role that a page is for administrators', async () => {
    const token = (await new ApiTokens(store).make('reader', 'viewer', null)).reveal();
    const context = await browser.newContext();
    const tab = await context.newPage();
    await tab.goto(`${api.url}/`);
    await tab.getByLabel('API token').fill(token);
    await tab.getByRole('button', { name: 'Sign in' }).click();
    await tab.getByRole('heading', { name: 'Now' }).waitFor();
    await tab.goto(`${api.url}/system/users`);
    await tab.getByRole('heading', { name: 'Only administrators see this page' }).waitFor();
    await tab.goto(`${api.url}/start?registry=harbor`);
    await tab.getByText('These users have it: admin').first().waitFor();
    expect(await tab.getByRole('button', { name: /secret|connection/ }).count()).toBe(0);
    expect(await tab.getByRole('link', { name: 'Audit log' }).count()).toBe(0);
    await tab.goto(`${api.url}/incidents/${uuidOf('followed')}`);
    await tab.getByRole('heading', { name: 'Timeline' }).waitFor();
    expect(await tab.getByRole('button', { name: 'Comment' }).count()).toBe(0);
    await tab.getByText('reader as viewer').waitFor();
    const sent: string[] = [];
    tab.on('request', (request) => request.method() !== 'GET' && sent.push(request.url()));
    for (const key of ['a', 'm', 'c']) await tab.keyboard.press(key);
    await tab.goto(`${api.url}/incidents?state=all`);
    await tab.getByRole('row').nth(1).waitFor();
    for (const key of ['j', 'a', 'm', 'c']) await tab.keyboard.press(key);
    await tab.getByRole('complementary', { name: 'Chosen incident' }).getByRole('heading').first().waitFor();
    expect(await tab.getByRole('dialog').count()).toBe(0);
    expect(sent).toEqual([]);
    await context.close();
  });

  it('show limited users what the limits hold, and ask for nothing that is refused to them', async () => {
    const scopes = [{ repositories: [], clusters: ['eu1'], namespaces: ['shop'], owners: [] }];
    const token = (await new ApiTokens(store).make('shop', 'responder', null, scopes)).reveal();
    const context = await browser.newContext();
    const tab = await context.newPage();
    const refused: string[] = [];
    tab.on('response', (answer) => {
      if (answer.status() === 403) refused.push(answer.url());
    });
    await tab.goto(`${api.url}/`);
    await tab.getByLabel('API token').fill(token);
    await tab.getByRole('button', { name: 'Sign in' }).click();
    const rail = tab.getByRole('navigation', { name: 'Sections' });
    // Before the page is there, it has no such link either.
    await rail.getByRole('link', { name: 'Now' }).waitFor();
    await rail.getByRole('link', { name: 'System' }).waitFor({ state: 'detached' });
    expect(await rail.getByRole('link').allTextContents()).toEqual([
      ...['Now', 'Incidents', 'Images', 'Vulnerabilities', 'Workloads'],
    ]);
    await tab.getByRole('link', { name: 'Misconfigured' }).waitFor();
    expect(await tab.getByRole('list', { name: 'Pipeline' }).count()).toBe(0);
    const story = `/incidents/${uuidOf('misconfigured')}`;
    const paths = ['/', '/incidents', story, '/images', '/images?tab=repositories', `/images/${digest}?tab=runtime`];
    for (const path of [...paths, '/vulnerabilities', '/workloads', '/system', '/system/users', '/policies/routes']) {
      await tab.goto(`${api.url}${path}`);
      await tab.getByRole('heading').first().waitFor();
      await tab.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
      await tab.waitForLoadState('networkidle');
      expect([path, await tab.getByRole('alert').allTextContents()]).toEqual([path, []]);
    }
    await tab.getByRole('heading', { name: 'Your account is limited to a part of the fleet' }).waitFor();
    expect(refused).toEqual([]);
    await context.close();
  });

  it('silence alerts after a preview, end the silence, and take that back', async () => {
    await open('/policies/silences');
    await page.getByText('New silence').click();
    await page.getByLabel('Matchers, one a line').fill(`repository="${hostile.replaceAll('"', String.raw`\"`)}"`);
    await page.getByLabel('Reason').fill(hostile);
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('Suppresses 0 of 0 alerts that fire now').waitFor();
    await page.getByRole('button', { name: 'Silence', exact: true }).click();
    await page.getByRole('row', { name: 'active' }).getByText(hostile).last().waitFor();
    await expectNoMarkup();
    await page.getByRole('button', { name: /^End now the silence/ }).click();
    await page.getByRole('row', { name: 'active' }).waitFor({ state: 'detached' });
    await page.getByRole('status').getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('row', { name: 'active' }).waitFor();
  });

  describe('channels and what they were given', () => {
    const addDelivery = async (receiver: string, message: object) => {
      const place = {
        channel: 'slack',
        integration: 0,
        route: 'route',
        groupKey: '{}',
        groupLabels: { repository: hostile },
      };
      const [id = ''] = await store.transaction((tx) =>
        new Deliveries(store).add(tx, [
          {
            eventId: uuidOf(receiver),
            cause: ['push', receiver],
            receiver,
            ...place,
            alerts: [],
            message,
            edition: null,
          },
        ]),
      );
      return id;
    };

    it('show a failing channel with the reason, and retry its delivery', async () => {
      const id = await addDelivery(hostile, { title: hostile, summary: 'x' });
      await store.transaction((tx) =>
        new Deliveries(store).failed(tx, id, 3, 'SLACK_REFUSED', `${hostile} is archived`),
      );
      await open('/policies/channels');
      const row = page.getByRole('row', { name: 'broken' });
      await row.getByText('is archived').waitFor();
      await row.getByRole('link', { name: hostile }).click();
      await page.getByLabel('State').selectOption('failed');
      await page.getByRole('row', { name: 'failed' }).getByRole('link', { name: hostile }).click();
      await page.getByText('given-up').waitFor();
      await expectNoMarkup();
      await page.getByRole('button', { name: 'Redrive' }).click();
      await page.getByText('redriven', { exact: true }).waitFor();
      expect((await new Deliveries(store).steps(id)).map(({ kind, by }) => [kind, by])).toEqual([
        ['made', null],
        ['given-up', null],
        ['redriven', 'admin'],
      ]);
    });

    it('repeat an accepted message on request', async () => {
      const id = await addDelivery('second', { title: 'High', summary: 'It is so.' });
      await store.transaction((tx) => new Deliveries(store).sent(tx, [{ id, reference: null, note: null }]));
      await page.goto(`${api.url}/#deliveries?receiver=second`);
      await page.getByRole('row', { name: 'sent' }).getByRole('link', { name: 'second' }).click();
      await page.getByRole('button', { name: 'Send again' }).click();
      await page.getByRole('link', { name: 'repetition to second' }).waitFor();
      expect(await new Deliveries(store).story(id)).toMatchObject({
        derived: [{ kind: 'repetition', state: 'pending' }],
      });
    });

    it('preview messages', async () => {
      await page.goto(`${api.url}/#messages/incident/mail`);
      await page.frameLocator('iframe').getByText('What happened').waitFor();
      await page.getByLabel('Channel').selectOption('slack');
      await page.getByText('"blocks"').waitFor();
      await page.getByLabel('Message').selectOption('summary');
      await page.waitForURL('**/policies/messages?kind=summary&channel=slack');
    });
  });

  it('retry a dead letter', async () => {
    const eventId = '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12';
    await store.query(
      `INSERT INTO outbox (id, type, channel, subject, source, data, published_at) VALUES ($1, 'x', 'x', 'x', 'x', '{}', now())`,
      [eventId],
    );
    const letter = { consumer: 'scanner', eventId, subject: 'shop/app:1', payload: Buffer.from('{}'), attempts: 6 };
    await new DeadLetters(store).save({ ...letter, code: 'REGISTRY_UNAVAILABLE', reason: 'no answer' });
    await open('/');
    await page.getByRole('list', { name: 'Pipeline' }).getByRole('link', { name: 'Dead letters' }).click();
    await page.getByRole('button', { name: 'Redrive shop/app:1' }).click();
    await page.getByText('No dead letters').waitFor();
    const [row] = await store.query<{ redriven: boolean }>(
      'SELECT redriven_at IS NOT NULL AS redriven FROM dead_letter',
    );
    expect(row).toEqual({ redriven: true });
  });

  it('retry the dead letters that a filter matches, after a question with their number', async () => {
    await store.query('DELETE FROM dead_letter');
    await store.query(
      `INSERT INTO dead_letter (id, stage, worker, event_id, subject, code, reason, attempts)
       SELECT gen_random_uuid(), 'event', 'scanner', id, 'shop/app:' || n, code, 'no answer', 6
       FROM outbox, unnest('{X,X,OTHER}'::text[]) WITH ORDINALITY AS letter (code, n) WHERE type = 'x'`,
    );
    await open('/system/dead-letters?q=code%3DX');
    await page.getByRole('button', { name: 'Redrive all that match' }).click();
    const question = page.getByRole('alertdialog', { name: 'Redrive 2 dead letters' });
    await question.getByRole('button', { name: 'Redrive' }).click();
    await page.getByRole('status').getByText('2 dead letters tried again').waitFor();
    await open('/system/dead-letters');
    await page.getByText('shop/app:3').waitFor();
    expect(await page.getByText('shop/app:1').count()).toBe(0);
    await page.getByRole('checkbox', { name: 'Select shop/app:3' }).check();
    await page.getByRole('button', { name: 'Redrive selected' }).click();
    await page.getByText('No dead letters').waitFor();
  });

  describe('accessibility (axe-core)', () => {
    const paths = [
      ...[
        '/',
        '/start',
        '/start?registry=harbor',
        '/incidents',
        `/incidents?selected=${uuidOf('misconfigured')}`,
        `/incidents/${uuidOf('followed')}`,
        '/incidents/alerts',
        `/incidents/${uuidOf('nothing')}`,
      ],
      ...[
        '/images',
        '/images?tab=repositories',
        '/?scope.cluster=eu1',
        '/images?scope.namespace=shop&scope.repository=shop/*',
        '/images/repository?connection=main&name=shop/app',
        '/vulnerabilities',
        '/vulnerabilities?tab=fixes',
        '/vulnerabilities/CVE-2021-44228',
      ],
      ...[`/vulnerabilities?by=image&value=${digest}`, '/workloads', '/no/such/page'],
      `/images/sha256:${'0'.repeat(64)}`,
      ...['/report', '/report?by=owner&q=', '/report/fixes?by=owner'],
      ...imageTabs.map((tab) => `/images/${digest}?tab=${tab}`),
      ...['exceptions?edit=new', 'gates?edit=new', 'signers?edit=new', 'reports?edit=new'].map(
        (name) => `/policies/${name}`,
      ),
      ...['/registries?edit=new', '/sensors'].map((name) => `/system${name}`),
      ...['silences', 'routes', 'channels', 'messages', 'rules'].map((name) => `/policies/${name}`),
      ...['', '/deliveries', '/dead-letters', '/advisories', '/users', '/tokens', '/sessions', '/audit'].map(
        (name) => `/system${name}`,
      ),
    ];

    const looks = [
      ['light', 1440],
      ['dark', 1440],
      ['dark', 390],
      ['light', 390],
    ] as const;
    /** 320 pixels are those of a screen of 1,280 at 400 %. @see WCAG 2.2, 1.4.10 Reflow */
    const widths = [1440, 1024, 390, 320];

    it.each(paths)('finds nothing on %s, which scrolls sideways at no width', async (path) => {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 1440, height: 900 });
      await page.goto(`${api.url}${path}`);
      await page.getByRole('heading').first().waitFor();
      await page.getByRole('status', { name: 'Loading' }).first().waitFor({ state: 'detached' });
      const found: string[] = [];
      for (const [scheme, width] of looks) {
        await page.emulateMedia({ colorScheme: scheme });
        await page.setViewportSize({ width, height: 900 });
        const violations = await accessibilityViolations(page, { colorsAlone: scheme === 'dark' });
        found.push(...violations.map((violation) => `${scheme}, ${width} pixels: ${violation}`));
      }
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        if (overflow > 0) found.push(`${overflow} pixels too wide at ${width}`);
      }
      expect(found).toEqual([]);
    });
  });

  it('end the session on sign-out', async () => {
    expect(problems).toEqual([]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    // Leaving the page at once would cancel its request.
    await page.getByLabel('API token').waitFor();
    await page.reload();
    await page.getByLabel('API token').waitFor();
    expect(await page.getByRole('table').count()).toBe(0);
  });
});
