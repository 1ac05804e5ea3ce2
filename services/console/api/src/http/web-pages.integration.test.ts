import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import {
  connect,
  DeadLetters,
  Deliveries,
  Images,
  Incidents,
  Pushes,
  Store,
  WorkloadFindings,
} from '@tidewaiter/store';
import {
  describeWith,
  minerIncident,
  pathOf,
  programs,
  throwAwayServers,
  type ThrowAwayServers,
  uuidOf,
} from '@tidewaiter/testkit';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

const hostile = `<img src=x onerror="document.title='owned'">`;

describeWith(programs('chromium'))('the web pages', () => {
  let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
  let service: RunningService;
  let dataSource: DataSource;
  let store: Store;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  const push = async (tag: string): Promise<void> => {
    const place = { connection: 'main', repository: 'shop/app', tag };
    const facts = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: hostile, pushedAt: null };
    await store.transaction(async (tx) => new Pushes(store).add(tx, [{ ...place, ...facts }]));
  };

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true, nats: true });
    const url = await servers.postgres.createDatabase();
    service = await start({
      TIDEWAITER_DATABASE_URL: url,
      TIDEWAITER_NATS_URL: servers.nats.url,
      TIDEWAITER_HTTP_PORT: '0',
      TIDEWAITER_LOG_LEVEL: 'silent',
    });
    dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
    store = new Store(dataSource, 'test');
    const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
    browser = await chromium.launch({ executablePath: pathOf('chromium'), args });
    page = await browser.newPage();
    // Chromium also reports violations of the content security policy here.
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('pageerror', (error) => problems.push(String(error)));
  });

  afterAll(async () => {
    await browser?.close();
    await service?.stop();
    await dataSource?.destroy();
    await servers.stop();
  });

  it('open with the setup link, which leaves no token behind, and teach the next step', async () => {
    await page.goto(service.notices[0]!.replace(/^.*?(?=http)/, ''));
    await page.getByText('No ship has come in yet').waitFor();
    expect(page.url()).toBe(`${service.url}/`);
    await page.reload();
    await page.getByText('No ship has come in yet').waitFor();
  });

  it('show hostile text as text', async () => {
    await push(hostile);
    await page.getByRole('button', { name: `shop/app:${hostile}` }).click();
    await page.getByRole('row', { name: 'waiting' }).waitFor();
    expect(await page.locator('#list img').count()).toBe(0);
    expect(await page.title()).toBe('Tidewaiter');
  });

  it('announce what is new and do not move', async () => {
    await push('2');
    const pill = page.getByRole('button', { name: '1 new' });
    await pill.waitFor();
    expect(await page.getByText('shop/app:2').count()).toBe(0);
    await pill.click();
    await page.getByText('shop/app:2').waitFor();
  });

  it('open the incident and the image that a message links to', async () => {
    const incident = minerIncident({ title: `A shell ${hostile}`, sentence: hostile, nextSteps: [hostile] });
    await store.transaction(async (tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
    await page.goto(`${service.url}/#incidents/${incident.id}`);
    await page.getByRole('heading', { name: `A shell ${hostile}` }).waitFor();
    await page.getByText('Connection to mining pool').first().waitFor();
    expect(await page.locator('#list img').count()).toBe(0);

    const digest = `sha256:${'a'.repeat(64)}`;
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
    await page.goto(`${service.url}/#images/${digest}`);
    await page.getByText('linux/amd64 · no distribution').waitFor();
    await page.getByText(digest).waitFor();
    await page.getByRole('link', { name: 'Pushes' }).click();
    await page.getByText('shop/app:2').waitFor();
  });

  it('show what is misconfigured in the workload of an incident, and in those that run an image', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
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
    for (const path of [`incidents/${incident.id}`, `images/${digest}`]) {
      await page.goto(`${service.url}/#${path}`);
      await page.getByRole('heading', { name: 'Misconfiguration of Deployment shop/web in eu1' }).waitFor();
      await page.getByText(hostile).first().waitFor();
      await page.getByText('151 milder findings of workloads').waitFor();
      expect(await page.locator('#list img').count()).toBe(0);
    }
  });

  it('update an open incident, and acknowledge it', async () => {
    const incidents = new Incidents(store);
    const story = minerIncident({ id: uuidOf('followed'), title: 'Followed' });
    const grown = { ...story, revision: story.revision + 1, severity: 'critical' as const, sentence: 'It got worse.' };
    await store.transaction(async (tx) =>
      incidents.apply(tx, [{ kind: 'opened', incident: { ...story, severity: 'low' } }]),
    );
    await page.goto(`${service.url}/#incidents/${story.id}`);
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('bootstrap looks after it').waitFor();
    await page.getByText('In the sensor’s words').first().click();
    await page.getByRole('button', { name: 'Resolve' }).focus();

    await store.transaction(async (tx) => incidents.apply(tx, [{ kind: 'updated', incident: grown }]));
    await page.getByText('It got worse.').waitFor();
    // The update keeps open details and focus, and the worsened incident can be acknowledged again.
    expect(await page.locator('details[open]').count()).toBe(1);
    expect(await page.locator('#incident-resolve:focus').count()).toBe(1);
    await page.getByRole('button', { name: 'Acknowledge' }).waitFor();
    await page.getByRole('button', { name: 'Resolve' }).press('Enter');
    await page.getByText('INC-3 · resolved by bootstrap').waitFor();
    expect(await page.getByRole('button', { name: 'Resolve' }).count()).toBe(0);
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
      await page.getByRole('link', { name: 'Channels' }).click();
      const row = page.getByRole('row', { name: 'broken' });
      await row.getByText('is archived').waitFor();
      await row.getByRole('link', { name: hostile }).click();
      await page.getByText(`to ${hostile}`).waitFor();
      await page.getByLabel('Show').selectOption('failed');
      await page.getByRole('button', { name: hostile }).click();
      await page.getByText('given-up').waitFor();
      await page.getByRole('button', { name: 'Redrive' }).click();
      await page.getByRole('row', { name: 'pending' }).waitFor();
      expect(await page.locator('#list img').count()).toBe(0);
      expect((await new Deliveries(store).steps(id)).map(({ kind, by }) => [kind, by])).toEqual([
        ['made', null],
        ['given-up', null],
        ['redriven', 'bootstrap'],
      ]);
    });

    it('repeat an accepted message on request', async () => {
      const id = await addDelivery('second', { title: 'High', summary: 'It is so.' });
      await store.transaction((tx) => new Deliveries(store).sent(tx, [{ id, reference: null, note: null }]));
      await page.goto(`${service.url}/#deliveries?receiver=second`);
      await page.getByRole('button', { name: 'second' }).click();
      await page.getByRole('button', { name: 'Send again' }).click();
      await page.getByRole('button', { name: '1 new' }).waitFor();
      expect(await new Deliveries(store).story(id)).toMatchObject({
        derived: [{ kind: 'repetition', state: 'pending' }],
      });
    });

    it('preview messages', async () => {
      await page.getByRole('link', { name: 'Channels' }).click();
      await page.getByRole('link', { name: 'What messages look like' }).click();
      await page.frameLocator('iframe').getByText('What happened').waitFor();
      await page.getByRole('link', { name: 'Slack, as its blocks' }).click();
      await page.getByText('"blocks"').waitFor();
      await page.getByRole('link', { name: 'summary' }).click();
      await page.getByRole('heading', { name: 'summary' }).waitFor();
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
    await page.getByRole('link', { name: 'Dead letters' }).click();
    await page.getByRole('button', { name: 'Redrive' }).click();
    await page.getByText('No dead letters').waitFor();
    const [row] = await store.query<{ redriven: boolean }>(
      'SELECT redriven_at IS NOT NULL AS redriven FROM dead_letter',
    );
    expect(row).toEqual({ redriven: true });
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
