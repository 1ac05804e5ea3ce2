import type { DetectionAlert, AlertLevel } from '@tidewaiter/detection';
import { type Digest, unknownRun } from '@tidewaiter/domain';
import { draft, registryPushed } from '@tidewaiter/events';
import {
  Advisories,
  AdvisoryFeeds,
  DeadLetters,
  Deliveries,
  DetectionAlerts,
  DetectionRules,
  type EvaluatedObject,
  FleetMatches,
  Images,
  Incidents,
  type ListedRule,
  PipelineReports,
  PushDifferences,
  Pushes,
  Store,
  WorkloadFindings,
} from '@tidewaiter/store';
import { minerIncident, startConsole, type TestConsole, uuidOf } from '@tidewaiter/testkit';
import { z } from 'zod';

import { controllers } from './console.module.js';
import { start } from './main.js';
import { apiMethods } from './openapi/api-methods.js';
import { openApiDocument } from './openapi/openapi.js';

const hex = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const [index, amd64, arm64, unknownDigest] = ['0', 'a', 'b', 'f'].map(hex) as [Digest, Digest, Digest, Digest];
const unknownId = '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12';
/** Hostile text that an attacker may put into a tag, a title or a log line. */
const hostile = `"><script>alert('1')</script>\u202e\u0007\${7*7} <img src=x onerror=alert(2)>`;

let api: TestConsole;
let store: Store;
let token: string;

const call = async (
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: unknown } = {},
) =>
  fetch(`${api.url}${path}`, {
    method: method.toUpperCase(),
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });

const bearer = () => ({ authorization: `Bearer ${token}` });

type Json = Record<string, unknown> & { items: Json[]; next: string | null };

/** Reads an answer and checks it against the OpenAPI document. */
async function get(path: string, method: 'get' | 'post' = 'get'): Promise<Json> {
  const answer = await call(`/api/v1${path}`, { method, headers: bearer() });
  const body = (await answer.json()) as Json;
  expect(body).not.toHaveProperty('code', 'INTERNAL');
  const pattern = (template: string) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}(\\?|$)`);
  const called = apiMethods(controllers).find(
    (each) => each.method === method && pattern(each.path).test(`/api/v1${path}`),
  );
  const document = openApiDocument(controllers) as {
    paths: Record<
      string,
      Record<string, { responses: Record<string, { content: Record<string, { schema: object }> }> }>
    >;
  };
  const { schema } = document.paths[called!.path]![method]!.responses[answer.status]!.content['application/json']!;
  const checked = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(body);
  expect(checked.error?.issues ?? []).toEqual([]);
  return body;
}

const newPush = (tag: string | null) => ({
  connection: 'main',
  repository: 'shop/app',
  tag,
  claimedDigest: index,
  artifact: 'image',
  attachedTo: null,
  pushedBy: hostile,
  pushedAt: '2026-01-01T09:00:00Z',
});

const newImage = (digest: Digest, platform: string) => ({
  digest,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  configDigest: hex('c'),
  platform,
  createdAt: null,
  baseCreatedAt: null,
  user: null,
  labels: { title: hostile },
  findings: [],
  configVersion: null,
  layers: [
    {
      index: 0,
      digest: hex('d'),
      diffId: hex('e'),
      sizeBytes: 3_000,
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
    },
  ],
});

const openssl = (arch: string) => ({
  type: 'deb' as const,
  name: 'openssl',
  version: '3.0.11-1',
  arch,
  source: { name: 'openssl', version: '3.0.11-1' },
  licenses: [],
  foundIn: 'var/lib/dpkg/status',
  purl: `pkg:deb/debian/openssl@3.0.11-1?arch=${arch}&distro=debian-12`,
  layer: 0,
  state: 'present' as const,
  key: { ecosystem: 'Debian', release: '12', names: ['openssl'] },
});

const [older, newer] = [
  { name: null, digest: null, os: 'debian 11', layers: 2 },
  { name: hostile, digest: hex('9'), os: null, layers: 3 },
];
const changes: Parameters<PushDifferences['put']>[2] = {
  platforms: [{ platform: 'linux/amd64', before: hex('1'), after: amd64, change: 'compared' }],
  isComplete: false,
  packages: {
    added: 1,
    removed: 0,
    changed: 0,
    total: 1,
    items: [{ type: 'deb', name: hostile, before: null, after: '1' }],
  },
  files: {
    added: 1,
    removed: 0,
    changed: 0,
    total: 1,
    newSetuid: 1,
    items: [
      {
        path: 'bin/x',
        change: 'added',
        kind: 'setuid',
        sizeBytes: 1,
        modeBefore: null,
        modeAfter: '4755',
        isNewSetuid: true,
        platforms: ['linux/amd64'],
      },
    ],
  },
  config: null,
  steps: { total: 1, items: [{ change: 'added', step: hostile }] },
  base: [{ isChanged: true, before: older, after: newer, commonLayers: 0 }],
  hosts: { total: 1, items: [{ host: 'drop.shop.io', namedIn: ['bin/x'] }] },
  origin: [{ before: null, after: { revision: 'a1', builder: null, signers: ['release'] } }],
  findings: {
    introduced: {
      total: 1,
      items: [
        {
          kind: 'integrity',
          id: 'unowned-setuid',
          severity: 'critical',
          title: 't',
          packageName: null,
          path: 'bin/x',
          fingerprint: 'f',
        },
      ],
    },
    newlyPublished: { total: 0, items: [] },
    resolved: { total: 0, items: [] },
  },
};

/**
 * Stores an index of two platforms with one vulnerability each, a refused push and one in progress;
 * returns the ids, oldest first.
 */
async function seedPushes(): Promise<string[]> {
  const pushes = new Pushes(store);
  const images = new Images(store);
  const ids = await store.transaction(async (tx) => pushes.add(tx, [newPush('1'), newPush(hostile), newPush(null)]));
  for (const [age, id] of ids.toReversed().entries()) {
    await store.query(
      `UPDATE push SET received_at = date_trunc('second', now()) - $2 * interval '1 minute' WHERE id = $1`,
      [id, age + 1],
    );
  }
  const push = await pushes.get(ids[0]!);
  await store.transaction(async (tx) => {
    await images.add(tx, [newImage(amd64, 'linux/amd64'), newImage(arm64, 'linux/arm64')]);
    await pushes.resolved(tx, push!, {
      digest: index,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      registryHost: 'localhost:5000',
      imageDigests: [amd64, arm64],
    });
    for (const [digest, arch] of [
      [amd64, 'amd64'],
      [arm64, 'arm64'],
    ] as const) {
      await images.analyzed(tx, digest, 'v1', {
        os: { id: 'debian', versionId: '12', name: 'Debian 12', idLike: [] },
        packages: [openssl(arch)],
        findings: [],
        warnings: [],
        notEvaluated: [],
      });
    }
    await pushes.analyzed(tx, push!.id, {
      verdict: 'fail',
      counts: { critical: 1, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 },
      warnings: [{ code: 'MALFORMED_FILE', path: null, message: hostile }],
    });
    await pushes.failed(tx, ids[1]!, 'refused', 'MANIFEST_UNKNOWN', hostile);
  });
  await seedAdvisory();
  return ids;
}

const feed = {
  name: 'Debian',
  origin: 'https://bucket.example.com/Debian/all.zip',
  asOf: '2026-01-02T00:00:00.000Z',
  checkedAt: '2026-01-02T00:00:00.000Z',
  changedAt: '2026-01-01T00:00:00.000Z',
  records: 1,
  rejected: 0,
};

async function seedAdvisory(): Promise<void> {
  const advisories = new Advisories(store);
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change) VALUES ('DSA-1', 'CVE-2026-1000', '{}', $1, 'critical', now(), 1)`,
    [hostile],
  );
  const feeds = new AdvisoryFeeds(store, advisories);
  await feeds.noteFeed({ ...feed, etag: null, lastModified: null }, 1);
  await feeds.putKev('CISA', [{ cve: 'CVE-2026-1000', addedOn: '2026-01-01' }]);
  await feeds.putEpss([{ cve: 'CVE-2026-1000', score: 0.94358, percentile: 0.99 }]);
  await store.transaction(async (tx) => {
    const fleet = new FleetMatches();
    const found = [...(await fleet.unmatched(tx, amd64)), ...(await fleet.unmatched(tx, arm64))];
    const fix = { state: 'fixed' as const, version: '3.0.17-1' };
    await fleet.rematched(
      tx,
      found,
      found.map(({ id }) => ({
        packageId: id,
        advisoryId: 'DSA-1',
        vulnerabilityIds: ['CVE-2026-1000'],
        state: 'affected' as const,
        fix,
        severity: null,
        evidence: { source: 'Debian:12', comparedName: 'openssl', comparedVersion: '3.0.11-1', range: '< 3.0.17-1' },
      })),
    );
  });
}

async function seedIncident(name: string): Promise<string> {
  const incident = minerIncident({ id: uuidOf(name), title: hostile, imageDigest: amd64 });
  await store.transaction((tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
  return incident.id;
}

const alertOf = (id: string, severity: AlertLevel): DetectionAlert => ({
  id,
  rule: {
    id: 'r',
    title: 'Rule',
    author: 'Jane Doe',
    license: 'DRL-1.1',
    level: severity,
    tags: [],
    link: null,
    file: 'r.yml',
  },
  severity,
  weight: 'alone',
  at: '2026-01-01T00:00:00.123456789Z',
  timeMs: 1,
  events: ['e1'],
  eventTimesMs: [1],
  techniques: ['T1059'],
  stage: 'execution',
  title: hostile,
  explanation: hostile,
  finding: 'drift',
  name: null,
  isFact: true,
  bySensor: false,
  keys: ['k'],
  context: {
    cluster: 'eu1',
    node: null,
    namespace: 'shop',
    pod: null,
    container: null,
    workload: null,
    image: null,
    imageDigest: null,
  },
  image: [{ text: '/tmp/x is not in the image', finding: null, technique: null, vulnerability: null }],
  artifacts: [],
  evidence: [],
  lowered: null,
});

beforeAll(async () => {
  api = await startConsole(start, { environment: { TIDEWAITER_CONSOLE_URL: 'https://tidewaiter.example/' } });
  store = api.store;
  token = await api.tokenOf('bootstrap', 'admin');
});

afterAll(async () => api.stop());

describe('tokens', () => {
  const closed = apiMethods(controllers)
    .filter(({ operation }) => operation?.role !== 'none')
    .map(({ method, path }) => [method, path.replace('{id}', unknownId).replace('{digest}', index)] as const);

  it.each(closed)('%s %s refuses requests without a valid token', async (method, path) => {
    const missing = await call(path, { method });
    expect(missing.status).toBe(401);
    expect(missing.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(missing.headers.get('www-authenticate')).toBe('Bearer');
    expect(await missing.json()).toMatchObject({ code: 'TOKEN_MISSING' });
    for (const wrong of [`Bearer tide_${'a'.repeat(43)}`, 'Bearer ', 'Basic eDp5', hostile.replaceAll(/[^ -~]/g, '')]) {
      const invalid = await call(path, { method, headers: { authorization: wrong } });
      expect([invalid.status, await invalid.json()]).toEqual([401, expect.objectContaining({ code: 'TOKEN_INVALID' })]);
    }
  });

  it.each(['/livez', '/readyz', '/metrics', '/'])('%s is open', async (path) => {
    expect((await call(path)).status).toBe(200);
  });

  it('ends with its revocation', async () => {
    await store.query('UPDATE api_token SET revoked_at = now()');
    expect((await call('/api/v1/status', { headers: bearer() })).status).toBe(401);
    await store.query('UPDATE api_token SET revoked_at = NULL');
    expect((await call('/api/v1/status', { headers: bearer() })).status).toBe(200);
  });
});

describe('the API', () => {
  let ids: string[];

  beforeAll(async () => {
    ids = await seedPushes();
  });

  it('lists pushes, newest first, page by page, with every text as it came', async () => {
    const first = await get('/pushes?limit=2');
    expect(first.items.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect(first.items[1]).toMatchObject({
      tag: hostile,
      pushedBy: hostile,
      reason: hostile,
      state: 'refused',
      verdict: null,
    });
    const second = await get(`/pushes?limit=2&after=${first.next}`);
    expect(second.items.map(({ id }) => id)).toEqual([ids[0]]);
    expect(second.items[0]).toMatchObject({ verdict: 'fail', warningCount: 1, counts: { critical: 1 } });
    expect(second.next).toBeNull();
  });

  it('shows a push with its images and warnings', async () => {
    await store.transaction(async (tx) => new PushDifferences(store).put(tx, ids[0]!, changes));
    expect(await get(`/pushes/${ids[0]}/changes`)).toEqual(changes);
    const push = await get(`/pushes/${ids[0]}`);
    expect(push).toMatchObject({
      warnings: [{ code: 'MALFORMED_FILE', message: hostile }],
      images: [
        { digest: amd64, platform: 'linux/amd64', labels: { title: hostile } },
        { digest: arm64, platform: 'linux/arm64' },
      ],
    });
  });

  it('lists images, also those that one push brought together, page by page', async () => {
    const first = await get('/images?limit=1');
    const second = await get(`/images?limit=1&after=${String(first['next'])}`);
    const digests = [first, second].flatMap(({ items }) => items.map(({ digest }) => digest));
    expect(new Set(digests)).toEqual(new Set([amd64, arm64]));
    expect(second['next']).toBeNull();
    expect(first.items[0]).toMatchObject({ repository: expect.any(String), platform: expect.stringMatching(/^linux/) });
  });

  it('shows an image, or those of an index', async () => {
    expect(await get(`/images/${amd64}`)).toMatchObject({
      images: [{ digest: amd64, packageCount: 1, layers: [{ index: 0, sizeBytes: 3_000 }] }],
    });
    const all = await get(`/images/${index}`);
    expect((all['images'] as Json[]).map(({ platform }) => platform)).toEqual(['linux/amd64', 'linux/arm64']);
  });

  it('shows the pipeline reports of an image and which of their facts are proven', async () => {
    expect(await get(`/images/${index}`)).toMatchObject({ pipeline: null });
    const reports = new PipelineReports(store);
    const run = { ...unknownRun, revision: 'c0ffee', actor: hostile };
    const report = {
      connection: 'ci',
      imageDigest: index,
      documentDigest: hex('8'),
      mediaType: 'application/json',
      content: Buffer.from('{}'),
      kind: 'run' as const,
      format: 'run',
      version: null,
      registry: null,
      repository: 'shop/app',
      tag: '1',
      packages: null,
      builder: null,
    };
    await store.transaction((tx) =>
      reports.add(tx, [
        { ...report, reportKey: '1', run, proven: ['revision'] },
        { ...report, reportKey: '2', run: { ...run, revision: 'beef' }, proven: [] },
      ]),
    );
    for (const digest of [index, amd64])
      expect(await get(`/images/${digest}`)).toMatchObject({
        pipeline: {
          run: { connection: 'ci', revision: 'c0ffee', actor: hostile, proven: ['revision'] },
          reports: [{ verified: false }, { verified: false }],
        },
      });
  });

  it('shows packages and findings with the image that has them', async () => {
    const packages = await get(`/images/${index}/packages`);
    expect(packages.items.map(({ imageDigest, name }) => [imageDigest, name])).toEqual([
      [amd64, 'openssl'],
      [arm64, 'openssl'],
    ]);
    const findings = await get(`/images/${index}/findings`);
    expect(new Set(findings.items.map(({ platform }) => platform))).toEqual(new Set(['linux/amd64', 'linux/arm64']));
    expect(findings.items[0]).toMatchObject({
      id: 'CVE-2026-1000',
      kev: true,
      epss: 0.94358,
      aliases: ['DSA-1'],
      title: hostile,
      fix: { state: 'fixed', version: '3.0.17-1' },
    });
    const own = (await get(`/images/${amd64}/findings`)).items;
    expect(own).toMatchObject([{ id: 'CVE-2026-1000' }, { id: 'end-of-life-distribution' }]);
  });

  const nothing = {
    ...{ packages: 0, images: 0, tagged: 0, mitigated: 0, unknown: 0, repositories: 0 },
    ...{ workloads: null, pods: null, containers: null, running: null },
  };

  it.each([
    ['a vulnerability', 'vulnerability=CVE-2026-1000'],
    ['an advisory', 'vulnerability=DSA-1'],
    ['all versions of a package', `purl=${encodeURIComponent('pkg:deb/debian/openssl')}`],
  ])('shows where %s is', async (_, query) => {
    const place = { registry: 'localhost:5000', repository: 'shop/app', tag: '1' };
    const answer = await get(`/blast-radius?${query}`);
    expect(answer).toEqual({
      counts: { ...nothing, packages: 2, images: 2, tagged: 2, repositories: 1 },
      notEvaluated: [],
      items: expect.any(Array),
      next: null,
    });
    expect(new Set(answer.items.map((each) => each['digest']))).toEqual(new Set([amd64, arm64]));
    expect(answer.items).toContainEqual(
      expect.objectContaining({
        ...place,
        digest: amd64,
        places: [
          expect.objectContaining({ ...place, digest: index, isCurrent: true, pushId: ids[0], pushedBy: hostile }),
        ],
        purls: [openssl('amd64').purl],
        ...{ paths: [], isMitigated: false, isUnknown: false, workloads: null },
      }),
    );
  });

  it('finds the images with a range of versions of a package, and no container without a sensor', async () => {
    for (const query of [
      'package=openssl<3.0.12',
      'package=openssl&version=<3.0.12',
      'package=pkg:deb/debian/openssl<3.0.12',
    ]) {
      const { counts } = await get(`/blast-radius?${query.replaceAll('<', '%3C')}`);
      expect(counts).toMatchObject({ images: 2, unknown: 0 });
    }
    expect((await get('/blast-radius?package=openssl%3C3.0.11'))['counts']).toEqual(nothing);
    expect(await get('/blast-radius/containers?package=openssl&running=true')).toMatchObject({ items: [], next: null });
  });

  it.each([
    ['cve-2026-1000', 'vulnerability', 'vulnerability=CVE-2026-1000'],
    ['openssl', 'package', 'purl=pkg%3Adeb%2Fdebian%2Fopenssl'],
    ['shop/app:1', 'tag', '/images/sha256:'],
    ['shop/app', 'repository', '/repositories?q='],
    ['/usr/bin/curl', 'path', 'path=%2Fusr%2Fbin%2Fcurl'],
    [hex('e'), 'layer', 'layer=sha256%3A'],
    [amd64.slice('sha256:'.length), 'image', 'image=sha256%3A'],
  ])('recognizes %j as a %s', async (text, type, link) => {
    const { items } = await get(`/search?q=${encodeURIComponent(text)}`);
    expect(items).toEqual([expect.objectContaining({ type, link: expect.stringContaining(link) })]);
  });

  it('finds nothing for an unknown text', async () => {
    expect(await get(`/search?q=${encodeURIComponent(hostile)}`)).toEqual({ items: [], next: null });
  });

  it('shows the images with one version of a package, and none for a version without any', async () => {
    const of = async (purl: string) => (await get(`/blast-radius?purl=${encodeURIComponent(purl)}`))['counts'];
    expect(await of(openssl('amd64').purl)).toMatchObject({ packages: 1, images: 1, repositories: 1, workloads: null });
    expect(await of('pkg:deb/debian/openssl@9')).toEqual(nothing);
  });

  it('finds the images with a file by its hash', async () => {
    for (const asked of [hex('9'), `sha256:${'9A'.repeat(32)}`]) {
      expect(await get(`/blast-radius?file=${asked}`)).toMatchObject({ counts: nothing, items: [], next: null });
    }
  });

  it.each([
    ...[
      '',
      '?running=true',
      '?version=1',
      '?purl=openssl',
      '?file=sha256:9',
      '?file=/bin/sh',
      '?path=bin/sh',
      '?secret=x',
    ],
    ...[
      '?layer=1',
      '?image=app',
      '?package=a&since=yesterday',
      '?package=a&since=2026-02-01T00:00:00Z&until=2026-01-01T00:00:00Z',
    ],
  ])('rejects the search %j', async (query) => {
    const answer = await call(`/api/v1/blast-radius${query}`, { headers: bearer() });
    expect([answer.status, await answer.json()]).toEqual([400, expect.objectContaining({ code: 'INPUT_INVALID' })]);
  });

  it('shows incidents, and resolves one once', async () => {
    const id = await seedIncident('Shell');
    const other = await seedIncident('Other');
    const list = await get('/incidents?state=open');
    expect(list.items.map((each) => each['id'])).toEqual([other, id]);
    expect(list.items[1]).toMatchObject({
      title: hostile,
      workload: 'shop/Deployment/checkout',
      techniques: ['T1059', 'T1496.001'],
      steps: [{ title: 'Dropped program started', technique: 'T1059', events: ['e1', 'e2'] }, {}],
      rules: [{ author: 'Jane Doe', license: 'DRL-1.1' }],
      openedBy: 'e1',
      firstSeen: '2026-11-25T01:02:03.123456789Z',
    });
    for (const key of ['evidence', 'workloads', 'nextSteps']) expect(list.items[1]).not.toHaveProperty(key);
    expect((await get('/incidents?severity=low')).items).toEqual([]);

    const detail = await get(`/incidents/${id}`);
    expect(detail).toMatchObject({
      evidence: [{ event: 'e1', record: { process_exec: {} } }],
      workloads: [{ workload: 'shop/Deployment/checkout', pods: ['checkout-7d4c'] }],
      nextSteps: [expect.any(String), expect.any(String)],
      revisions: [{ revision: 1, kind: 'opened' }],
      imageFacts: {
        digest: amd64,
        push: { repository: 'shop/app', pushedBy: hostile },
        counts: { critical: 1 },
        findings: [{ id: 'CVE-2026-1000', kev: true }, { id: 'end-of-life-distribution' }],
        provenance: { isSigned: null },
      },
      blastRadius: {
        images: { total: 1, items: [{ repository: 'shop/app', tag: '1', shares: 'image' }] },
        incidents: [{ id: other, shares: expect.arrayContaining(['destination pool.example.net:3333']) }],
      },
    });
    expect(await get(`/incidents/inc-${String(list.items[1]!['number'])}`)).toEqual(detail);
    const timeline = (detail as unknown as { timeline: { kind: string; title: string }[] }).timeline;
    expect(timeline.map(({ kind, title }) => `${kind}: ${title}`)).toEqual([
      'push: shop/app:1 pushed',
      'step: Dropped program started',
      'step: Connection to mining pool',
      'state: Incident opened',
    ]);

    const watched = await call(`/api/v1/incidents/${id}`, { headers: bearer() });
    const etag = watched.headers.get('etag')!;
    const ifChanged = async () => call(`/api/v1/incidents/${id}`, { headers: { ...bearer(), 'if-none-match': etag } });
    expect((await ifChanged()).status).toBe(304);
    expect(await get(`/incidents/${id}/resolve`, 'post')).toMatchObject({ state: 'resolved', resolvedBy: 'bootstrap' });
    expect((await ifChanged()).status).toBe(200);
    expect(await get(`/incidents/${id}/resolve`, 'post')).toMatchObject({ state: 'resolved' });
    const rows = await store.query(
      `SELECT subject, source, data FROM outbox WHERE type = 'dev.tidewaiter.incident.resolved.v1'`,
    );
    expect(rows).toEqual([
      { subject: id, source: '/tidewaiter/console', data: { incidentId: id, revision: 2, severity: 'high' } },
    ]);
    expect((await get('/incidents?state=open')).items.map((each) => each['id'])).toEqual([other]);
  });

  it('lists the alerts of rules with their incident', async () => {
    const incidentId = await seedIncident('With alerts');
    const alerts = new DetectionAlerts(store);
    await store.transaction(async (tx) => {
      await alerts.add(tx, [alertOf('1', 'high'), alertOf('2', 'low'), alertOf('3', 'low')]);
      await alerts.joined(tx, [{ alertId: '1', incidentId }]);
    });
    const ids = async (query: string) => (await get(`/alerts${query}`)).items.map((each) => each['id']);
    expect(await ids('')).toEqual(['3', '2', '1']);
    expect(await ids('?severity=low')).toEqual(['3', '2']);
    const { next } = await get('/alerts?limit=1');
    expect(await ids(`?limit=1&after=${next as string}`)).toEqual(['2']);
    const { items } = await get(`/alerts?incident=${incidentId}`);
    expect(items).toEqual([
      expect.objectContaining({ id: '1', incidentId, title: hostile, image: ['/tmp/x is not in the image'] }),
    ]);
    for (const key of ['keys', 'evidence', 'timeMs']) expect(items[0]).not.toHaveProperty(key);
  });

  it('lists misconfigurations of workloads with what to do, page by page and by filter', async () => {
    const state = (name: string, version: string, checks: readonly string[]): EvaluatedObject => ({
      ...{ cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name, workload: { kind: 'Deployment', name } },
      ...{ version, changedAt: '2026-01-01T10:00:00Z', isGone: false },
      findings: checks.map((check, index) => ({
        ...{ check, severity: index === 0 ? 'critical' : 'low', title: hostile, container: 'app', field: 'spec' },
        fingerprint: check,
      })),
    });
    const findings = new WorkloadFindings(store);
    await store.transaction(async (tx) =>
      findings.put(tx, [
        state('web', '1', ['k8s-privileged', 'k8s-host-pid', 'k8s-of-a-later-version']),
        state('api', '1', ['k8s-privileged']),
      ]),
    );
    await store.transaction(async (tx) => findings.put(tx, [state('api', '2', [])]));
    await store.query(
      `INSERT INTO container_ledger (container_id, cluster, namespace, workload_kind, workload, image_digest, claimed_digests, first_seen, last_seen)
       VALUES ('of-web', 'eu1', 'shop', 'Deployment', 'web', $1, '{}', now(), now())`,
      [hex('7')],
    );
    const checksOf = (items: Json[]) => items.map((each) => each['check'] as string).toSorted();
    const listed = await get('/workloads/findings');
    const checks = async (query: string) => checksOf((await get(`/workloads/findings?${query}`)).items);
    const all = ['k8s-host-pid', 'k8s-of-a-later-version', 'k8s-privileged'];
    expect(checksOf(listed.items)).toEqual(all);
    expect(listed.items.find((each) => each['check'] === 'k8s-privileged')).toMatchObject({
      workload: { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'web' },
      ...{ severity: 'critical', title: hostile, container: 'app', field: 'spec', endedAt: null },
      fix: expect.stringContaining('Remove privileged'),
    });
    const first = await get('/workloads/findings?limit=2');
    const rest = await get(`/workloads/findings?limit=2&after=${first.next}`);
    expect([...first.items, ...rest.items]).toEqual(listed.items);
    for (const workload of ['web', 'Deployment/web', 'shop/Deployment/web']) {
      expect(await checks(`workload=${encodeURIComponent(workload)}`)).toEqual(all);
    }
    expect(await checks('workload=StatefulSet/web')).toEqual([]);
    expect(await checks('workload=other/Deployment/web')).toEqual([]);
    expect(await checks('cluster=eu1&namespace=shop&severity=critical')).toEqual(['k8s-privileged']);
    expect(await checks('cluster=eu2')).toEqual([]);
    expect(await checks('check=k8s-host-pid')).toEqual(['k8s-host-pid']);
    expect(await checks('state=ended')).toEqual(['k8s-privileged']);
    expect(await checks(`image=${hex('7')}`)).toEqual(all);
    expect(await checks(`image=${hex('8')}`)).toEqual([]);
    for (const wrong of ['workload=a/b/c/d', 'after=x', 'severity=worst', 'image=latest', 'state=all', 'x=1']) {
      expect((await call(`/api/v1/workloads/findings?${wrong}`, { headers: bearer() })).status).toBe(400);
    }
  });

  it('lists loaded and rejected rules', async () => {
    const rule = (title: string, state: ListedRule['state']): ListedRule => ({
      state,
      kind: null,
      id: null,
      title,
      level: null,
      status: null,
      author: 'Somebody',
      license: 'DRL-1.1',
      tags: [],
      isPart: false,
      file: 'rules/a.yml',
      line: 7,
      reason: state === 'refused' ? 'unknown modifier' : null,
    });
    const rules = new DetectionRules(store);
    await rules.replace([rule('gone', 'loaded')]);
    await rules.replace([rule('a', 'loaded'), rule(hostile, 'refused'), rule('c', 'loaded')]);
    const titles = async (query: string) => (await get(`/rules${query}`)).items.map((each) => each['title']);
    expect(await titles('')).toEqual(['a', hostile, 'c']);
    const { next } = await get('/rules?limit=2');
    expect(await titles(`?limit=1&after=${next as string}`)).toEqual(['c']);
    expect((await get('/rules?state=refused')).items).toEqual([rule(hostile, 'refused')]);
  });

  it('shows messages, without their text in the list', async () => {
    const alert = {
      identity: 'x',
      labels: { alertname: 'x' },
      annotations: {},
      status: 'firing' as const,
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: null,
    };
    const [id] = await store.transaction(async (tx) =>
      new Deliveries(store).add(tx, [
        {
          eventId: unknownId,
          cause: ['push', unknownId],
          receiver: 'team',
          channel: 'webhook',
          integration: 0,
          route: '0',
          groupKey: 'k',
          groupLabels: { repository: hostile },
          alerts: [alert],
          message: { title: hostile },
          edition: null,
        },
      ]),
    );
    const { items } = await get('/deliveries');
    expect(items).toMatchObject([{ id, state: 'pending', alertCount: 1, groupLabels: { repository: hostile } }]);
    expect(await get(`/deliveries/${id}`)).toMatchObject({ alerts: [alert], message: { title: hostile } });
  });

  it('lists dead letters and tries one again, once', async () => {
    const pushed = { pushId: unknownId, connection: 'main', repository: 'shop/app', tag: '1', digest: index };
    await store.transaction(async (tx) => tx.emit(draft(registryPushed, 'shop/app:1', pushed)));
    const [{ id: eventId }] = (await store.query<{ id: string }>(
      `SELECT id FROM outbox WHERE subject = 'shop/app:1'`,
    )) as [{ id: string }];
    const payload = Buffer.from('{}');
    await new DeadLetters(store).save({
      consumer: 'scanner',
      eventId,
      subject: hostile,
      payload,
      code: 'X',
      reason: hostile,
      attempts: 6,
    });
    const [letter] = (await get('/dead-letters')).items;
    expect(letter).toMatchObject({ worker: 'scanner', subject: hostile, reason: hostile, redrivenAt: null });
    expect(await get(`/dead-letters/${letter!['id'] as string}/redrive`, 'post')).toEqual({ id: letter!['id'] });
    expect((await get('/dead-letters')).items).toEqual([]);
    expect((await get('/dead-letters?all=true')).items).toHaveLength(1);
    const again = await call(`/api/v1/dead-letters/${letter!['id'] as string}/redrive`, {
      method: 'POST',
      headers: bearer(),
    });
    expect([again.status, await again.json()]).toEqual([404, expect.objectContaining({ code: 'DEAD_LETTER_UNKNOWN' })]);
  });

  it('tries again the dead letters that a query matches, oldest first', async () => {
    await store.query(`INSERT INTO dead_letter (id, stage, worker, event_id, subject, code, reason, attempts, created_at)
      SELECT gen_random_uuid(), 'event', 'notifier', id, subject, 'MANY', 'x', 6, now() - n * interval '25 hours'
      FROM outbox, generate_series(1, 3) AS n WHERE subject = 'shop/app:1'`);
    await store.query(`INSERT INTO dead_letter (id, stage, worker, event_id, subject, code, reason, attempts)
      VALUES (gen_random_uuid(), 'event', 'notifier', gen_random_uuid(), 'gone', 'MANY', 'x', 6)`);
    const redrive = async (body: object) => {
      const headers = { ...bearer(), 'content-type': 'application/json' };
      const answer = await call('/api/v1/dead-letters/redrive', {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return [answer.status, await answer.json()];
    };
    const matched = await get('/dead-letters?q=code%3DMANY&count=true');
    expect(matched).toMatchObject({ total: { count: 4, isAtLeast: false } });
    expect(await redrive({ q: 'code=MANY created<30h' })).toEqual([202, { redriven: 2, kept: 0, isMore: false }]);
    const ids = (await get('/dead-letters?q=code%3DMANY')).items.map(({ id }) => id);
    expect(await redrive({ ids })).toEqual([202, { redriven: 1, kept: 1, isMore: false }]);
    for (const body of [{}, { q: '', ids }, { ids: [] }, { q: 'quue=x' }]) expect((await redrive(body))[0]).toBe(400);
    await store.query(`DELETE FROM dead_letter WHERE code = 'MANY'`);
  });

  it('names the channel of a delivery that failed for good', async () => {
    const [{ id: delivery } = { id: '' }] = await store.query<{ id: string }>('SELECT id FROM delivery LIMIT 1');
    await store.query(
      `INSERT INTO dead_letter (id, stage, worker, job_id, subject, code, reason, attempts)
       SELECT gen_random_uuid(), 'job', 'delivery', gen_random_uuid(), subject, 'X', 'x', 18 FROM unnest($1::text[]) AS subject`,
      [[delivery, 'no id', unknownId]],
    );
    const { items } = await get('/dead-letters');
    const channels = Object.fromEntries(items.map(({ subject, channel }) => [subject, channel]));
    expect(channels).toEqual({ [delivery]: expect.stringContaining(' by '), 'no id': null, [unknownId]: null });
  });

  it('previews a message', async () => {
    expect(await get('/messages/preview?kind=incident&channel=email')).toMatchObject({
      title: 'Critical · Cryptominer in shop/Deployment/checkout (INC-318)',
      mediaType: 'text/html; charset=utf-8',
      content: expect.stringMatching(/^<!doctype html>/),
    });
    const mail = await call('/api/v1/messages/preview/mail?kind=incident', { headers: bearer() });
    expect(mail.headers.get('content-type')).toBe('text/html; charset=utf-8');
    // Only the console's own pages may frame it, and nothing in it runs or is loaded.
    expect(mail.headers.get('content-security-policy')).toBe(
      "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    );
    expect(await mail.text()).toMatch(/^<!doctype html>/i);
  });

  it('counts pushes by state and queued work', async () => {
    await store.transaction(async (tx) =>
      tx.enqueue({ queue: 'layer', key: 'x', class: 'bulk' }, { queue: 'push', key: 'x', class: 'interactive' }),
    );
    expect(await get('/status')).toMatchObject({
      pushes: { accepted: 1, analyzing: 0, analyzed: 1, refused: 1, 'dead-lettered': 0 },
      queues: [
        { queue: 'layer', queued: 1, running: 0 },
        { queue: 'push', queued: 1 },
      ],
      advisories: { advisories: 1, lastImport: { source: 'Debian' }, feeds: [feed] },
    });
  });

  it('returns the OpenAPI document', async () => {
    expect(await get('/openapi.json')).toEqual(openApiDocument(controllers));
  });

  it.each([
    ['/pushes?limit=0', 400, 'INPUT_INVALID'],
    ['/pushes?limit=201', 400, 'INPUT_INVALID'],
    ['/pushes?limit=1&limit=2', 400, 'INPUT_INVALID'],
    ['/pushes?limit=many', 400, 'INPUT_INVALID'],
    ['/pushes?__proto__=1', 400, 'INPUT_INVALID'],
    ['/pushes?lmit=1', 400, 'INPUT_INVALID'],
    ['/pushes?after=nonsense', 400, 'CURSOR_INVALID'],
    ['/incidents?state=closed', 400, 'INPUT_INVALID'],
    ['/dead-letters?all=yes', 400, 'INPUT_INVALID'],
    ['/pushes/1', 400, 'ID_INVALID'],
    ["/pushes/' OR 1=1", 400, 'ID_INVALID'],
    [`/pushes/${unknownId}`, 404, 'PUSH_UNKNOWN'],
    [`/pushes/${unknownId}/changes`, 404, 'PUSH_CHANGES_UNKNOWN'],
    [`/incidents/${unknownId}`, 404, 'INCIDENT_UNKNOWN'],
    ['/incidents/INC-4096', 404, 'INCIDENT_UNKNOWN'],
    ['/incidents/INC-', 400, 'ID_INVALID'],
    [`/deliveries/${unknownId}`, 404, 'DELIVERY_UNKNOWN'],
    ['/images?after=nothing', 400, 'CURSOR_INVALID'],
    ['/images/latest', 400, 'DIGEST_INVALID'],
    [`/images/${unknownDigest}`, 404, 'IMAGE_UNKNOWN'],
    [`/images/${unknownDigest}/packages`, 404, 'IMAGE_UNKNOWN'],
    [`/images/${unknownDigest}/findings`, 404, 'IMAGE_UNKNOWN'],
    ['/nothing', 404, 'NOT_FOUND'],
  ])('answers %s with %i %s', async (path, status, code) => {
    const answer = await call(`/api/v1${path}`, { headers: bearer() });
    expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toEqual([
      status,
      expect.stringMatching(/^application\/problem\+json/),
      expect.objectContaining({ status, code }),
    ]);
  });
});

describe('every answer', () => {
  it.each(['/', '/incidents', '/livez', '/api/v1/pushes', '/api/v1/nothing', '/..%2f..%2fpackage.json'])(
    '%s has the security headers',
    async (path) => {
      const { headers } = await call(path);
      expect(headers.get('content-security-policy')).toContain("default-src 'self'");
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('strict-transport-security')).toBe('max-age=31536000');
      expect(headers.get('cache-control')).toBe(
        path.startsWith('/api/') ? 'no-store' : path === '/' || path === '/incidents' ? 'no-cache' : null,
      );
    },
  );

  it.each(['/nothing.js', '/..%2f..%2fpackage.json', '/%2e%2e/api/package.json', '/.env'])(
    '%s is no file of ours',
    async (path) => {
      expect((await call(path)).status).toBe(404);
    },
  );
});
