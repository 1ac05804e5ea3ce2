import { readOsvRecord } from '@tidewaiter/advisories';
import { countBySeverity, type Digest, findingOf } from '@tidewaiter/domain';
import { Advisories, AdvisoryFeeds, Images, Pushes, Store } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';

import { start } from '../main.js';

const settings = `
exceptions:
  - { repository: shop/*, finding: CVE-2026-2, reason: not reachable, owner: team-shop, until: 2999-01-31 }
`;
const [amd64, arm64]: [Digest, Digest] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];
const purl = 'pkg:deb/debian/openssl@3?arch=amd64&distro=debian-12';
const key = { ecosystem: 'Debian', release: '12', names: ['openssl'] };
const asOf = { Debian: '2026-01-02T00:00:00.000Z', EPSS: '2026-01-04T00:00:00.000Z', KEV: '2026-01-03T00:00:00.000Z' };
const vulnerability = (id: string) =>
  findingOf({
    ...{ kind: 'vulnerability', id, severity: 'high', title: id, fingerprint: id, layer: 0, state: 'present' },
    ...{ purl, packageName: 'openssl', match: 'affected', evidence: {} },
  });

let api: TestConsole;
let token: string;

async function report(query: Record<string, string>): Promise<{ status: number; type: string; text: string }> {
  const url = `${api.url}/api/v1/report?${new URLSearchParams(query).toString()}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    text: await response.text(),
  };
}

/** Leaves what the scanner leaves of a pushed image of some platforms. */
async function push(store: Store, tag: string, digest: Digest, platforms: Record<string, Digest>): Promise<void> {
  const [pushes, images] = [new Pushes(store), new Images(store)];
  const about = { claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const [id = ''] = await store.transaction(async (tx) =>
    pushes.add(tx, [{ connection: 'main', repository: 'shop/cart', tag, ...about }]),
  );
  const added = (await pushes.get(id))!;
  const findings = [vulnerability('CVE-2026-1'), vulnerability('CVE-2026-2')];
  await store.transaction(async (tx) => {
    await images.add(
      tx,
      Object.entries(platforms).map(([platform, imageDigest]) => ({
        ...{
          digest: imageDigest,
          mediaType: 'm',
          configDigest: imageDigest,
          platform,
          labels: {},
          layers: [],
          findings,
        },
        ...{ configVersion: 'c1', createdAt: null, baseCreatedAt: null, user: '' },
      })),
    );
    for (const imageDigest of Object.values(platforms))
      await images.analyzed(tx, imageDigest, 'a1', {
        ...{ os: null, warnings: [], findings: [], notEvaluated: [] },
        packages: [
          {
            ...{ purl, type: 'deb', name: 'openssl', version: '3', arch: 'amd64', licenses: [], key },
            ...{
              source: { name: 'openssl', version: '3' },
              foundIn: 'var/lib/dpkg/status',
              layer: 0,
              state: 'present',
            },
          },
        ],
      });
    await pushes.resolved(tx, added, {
      ...{ digest, mediaType: 'm', registryHost: 'r.example.com' },
      imageDigests: Object.values(platforms),
    });
    await pushes.analyzed(tx, id, { verdict: 'fail', counts: countBySeverity(findings), warnings: [] });
  });
}

/** Leaves what syncs leave: advisories, and the dates of all sources. */
async function sync(store: Store): Promise<void> {
  const feeds = new AdvisoryFeeds(store, new Advisories(store));
  const records = ['Debian:12', 'npm'].map((ecosystem) =>
    readOsvRecord({
      ...{ id: `TEST-${ecosystem}`, modified: '2026-01-01T00:00:00Z' },
      affected: [
        { package: { ecosystem, name: 'curl' }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }] }] },
      ],
    }),
  );
  await feeds.put(records);
  for (const [name, at] of Object.entries({ ...asOf, npm: '2026-01-01T00:00:00.000Z' })) {
    const feed = { name, origin: 'https://osv.example', etag: null, lastModified: null, records: 1, rejected: 0 };
    await feeds.noteFeed({ ...feed, asOf: at, checkedAt: at, changedAt: at }, 1);
  }
}

beforeAll(async () => {
  api = await startConsole(start, { files: { 'tidewaiter.yaml': settings } });
  token = await api.tokenOf('bootstrap', 'admin');
  await sync(api.store);
  await push(api.store, '1', amd64, { 'linux/amd64': amd64 });
  await push(api.store, '2', `sha256:${'c'.repeat(64)}`, { 'linux/amd64': amd64, 'linux/arm64': arm64 });
});

afterAll(async () => api.stop());

describe('reports of stored images', () => {
  it.each([
    ['cyclonedx', 'application/vnd.cyclonedx+json'],
    ['spdx', 'application/spdx+json'],
    ['openvex', 'application/json'],
    ['sarif', 'application/sarif+json'],
    ['junit', 'application/xml'],
    ['gitlab', 'application/json'],
    ['csv', 'text/csv'],
  ])('writes %s with the packages or findings', async (format, type) => {
    const answer = await report({ image: 'r.example.com/shop/cart:1', format });
    expect(answer).toMatchObject({ status: 200, type: expect.stringContaining(type) });
    expect(answer.text).toContain('openssl');
    expect(await report({ image: 'r.example.com/shop/cart:1', format })).toEqual(answer);
  });

  it('names the date of each source that evaluates the image, as its verdict does', async () => {
    const sources = Object.entries(asOf).map(([source, at]) => ({ source, asOf: at }));
    const { text } = await report({ image: 'r.example.com/shop/cart:1', format: 'sarif' });
    const [run] = (JSON.parse(text) as { runs: { properties: object }[] }).runs;
    expect(run!.properties).toMatchObject({ advisorySources: sources });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ image: 'r.example.com/shop/cart:1' });
    const gated = await fetch(`${api.url}/api/v1/gate`, { method: 'POST', headers, body });
    const gate = (await gated.json()) as { pushId: string; advisorySources: object[] };
    expect(gate.advisorySources).toEqual(sources);
    const pushed = await fetch(`${api.url}/api/v1/pushes/${gate.pushId}`, { headers });
    expect(await pushed.json()).toMatchObject({ advisorySources: sources });
  });

  it('passes an exception on as an accepted risk', async () => {
    const { text } = await report({ image: `r.example.com/shop/cart@${amd64}`, format: 'openvex' });
    const { statements } = JSON.parse(text) as { statements: object[] };
    expect(statements).toMatchObject([
      { vulnerability: { name: 'CVE-2026-1' }, status: 'affected' },
      {
        vulnerability: { name: 'CVE-2026-2' },
        status: 'affected',
        action_statement: expect.stringContaining('not reachable'),
      },
    ]);
  });

  it('asks for a platform of an index with several', async () => {
    const index = { image: 'r.example.com/shop/cart:2', format: 'spdx' };
    const { status, text } = await report(index);
    expect(status).toBe(400);
    expect(text).toContain('linux/amd64, linux/arm64');
    expect(await report({ ...index, platform: 'linux/arm64' })).toMatchObject({
      status: 200,
      text: expect.stringContaining('b'.repeat(64)),
    });
    expect(await report({ ...index, platform: 'linux/riscv64' })).toMatchObject({ status: 400 });
  });

  it.each([
    ['an unknown image', { image: 'r.example.com/shop/none:1', format: 'spdx' }, 404],
    ['an unknown format', { image: 'r.example.com/shop/cart:1', format: 'table' }, 400],
    ['no image', { format: 'spdx' }, 400],
  ])('refuses %s', async (_what, query, status) => {
    expect(await report(query as Record<string, string>)).toMatchObject({ status });
  });
});
