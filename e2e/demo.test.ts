import { spawnSync } from 'node:child_process';

import { freePort } from '@tidewaiter/servers';

import {
  launcher,
  makeHome,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from './tidewaiter.js';

interface Push {
  repository: string;
  tag: string;
  state: string;
  verdict: string | null;
}

describe('up --demo', () => {
  let demo: Tidewaiter;

  beforeAll(async () => {
    demo = await startTidewaiter(temporaryFolder(), await freePort(), '--demo');
  });

  afterAll(async () => {
    await demo?.stop();
    await removeFolders();
  });

  it('shows pushes of every verdict and final state', async () => {
    const pushes = async (query = '') => (await demo.api<{ items: Push[] }>(`/pushes?limit=50${query}`)).items;
    await until('all pushes have ended', async () => {
      const all = await pushes();
      return all.length >= 8 && all.every(({ state }) => state === 'analyzed' || state === 'refused');
    });
    const shown = (await pushes()).map(
      ({ repository, tag, state, verdict }) => `${repository}:${tag} ${verdict ?? state}`,
    );
    expect(shown.toSorted()).toEqual([
      'data/etl:2026.11 pass',
      'edge/cache:3 unknown',
      'legacy/report:7 fail',
      'shop/checkout:2.1.0 fail',
      'shop/checkout:2.1.0 fail',
      'shop/web:1.4.0 fail',
      'shop/web:1.4.1 pass',
      'tools/gone:1 refused',
    ]);
    await expect(pushes('&state=not-an-image')).resolves.toMatchObject([{ repository: 'charts/shop' }]);
  });

  it('shows open, acknowledged and resolved incidents', async () => {
    const incidents = async () =>
      (await demo.api<{ items: { id: string; state: string }[] }>('/incidents?limit=50')).items;
    await until('an incident is resolved', async () => (await incidents()).some(({ state }) => state === 'resolved'));
    const details = await Promise.all(
      (await incidents()).map(async ({ id }) =>
        demo.api<{ state: string; revisions: { kind: string }[] }>(`/incidents/${id}`),
      ),
    );
    const shown = details.map(({ state, revisions }) =>
      revisions.some(({ kind }) => kind === 'acknowledged') ? 'acknowledged' : state,
    );
    expect([...new Set(shown)].toSorted()).toEqual(['acknowledged', 'open', 'resolved']);
  });

  it('shows messages that were sent, wait, are retried and failed', async () => {
    const states = async () =>
      new Set(
        (await demo.api<{ items: { state: string }[] }>('/deliveries?limit=100')).items.map(({ state }) => state),
      );
    await until('a message of each state', async () => {
      const shown = await states();
      return ['sent', 'held', 'retrying', 'failed'].every((state) => shown.has(state));
    });
  });

  it.each(['/workloads/findings', '/silences', '/views?pinned=true', '/policies', '/sensors'])(
    'has something to show on the page of %s',
    async (path) => {
      const items = async () => (await demo.api<{ items: object[] }>(path)).items;
      await until(`${path} has items`, async () => (await items()).length > 0);
    },
  );

  it('leaves a folder with a configuration of its own alone', async () => {
    const home = makeHome({ 'tidewaiter.yaml': 'registries: []\n' });
    const { status, stderr } = spawnSync(launcher, ['up', '--demo'], {
      env: { ...process.env, TIDEWAITER_HOME: home },
      encoding: 'utf8',
    });
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('[DEMO_NOT_EMPTY]') });
  });
});
