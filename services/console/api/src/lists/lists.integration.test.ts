import { hash } from 'node:crypto';

import { type Digest } from '@tidewaiter/domain';
import { type Field, listFields, type ListName, listNames } from '@tidewaiter/query';
import { FleetExposure, Incidents, Store } from '@tidewaiter/store';
import { minerIncident, startConsole, type TestConsole, uuidOf } from '@tidewaiter/testkit';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';

import { controllers } from '../console.module.js';
import { start } from '../main.js';
import { apiMethods } from '../openapi/api-methods.js';
import { listCatalog } from './list-catalog.js';

let api: TestConsole;
let token: string;
let store: Store;

const digestOf = (name: string): Digest => `sha256:${hash('sha256', name, 'hex')}`;
const repositories = 12;

/** Two images of each repository: the tag moved from one that failed, and runs, to the other. */
async function addFleet(): Promise<void> {
  await store.query(
    `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses)
     VALUES ('pkg:deb/debian/openssl@3.0.11', 'deb', 'openssl', '3.0.11', 'openssl', '3.0.11', '{}')`,
  );
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
     VALUES ('CVE-2026-0001', 'CVE-2026-0001', '{}', 'a hole', 'high', now(), 1)`,
  );
  await store.query(
    `INSERT INTO package_match (package_id, advisory_id, state, fix_state, fix_version, vulnerability_ids)
     SELECT id, 'CVE-2026-0001', 'affected', 'fixed', '3.0.14', '{CVE-2026-0001}' FROM package`,
  );
  for (let index = 0; index < repositories; index += 1) {
    for (const version of ['1', '2']) {
      const digest = digestOf(`${index} ${version}`);
      await store.query(
        `INSERT INTO image (digest, media_type, config_digest, platform, labels, os, run_user, analyzers_version, analyzed_at)
         VALUES ($1, 'm', 'c', 'linux/amd64', '{"org.opencontainers.image.base.name":"debian:12"}', '{"id":"example","versionId":"1","name":"Example 1","idLike":[]}', 'app', '1', now())`,
        [digest],
      );
      await store.query(
        `INSERT INTO image_layer (image_digest, index, diff_id, blob_digest, media_type, size_bytes)
         VALUES ($1, 0, $2, $2, 'm', 1), ($1, 1, $1, $1, 'm', 1)`,
        [digest, digestOf('base')],
      );
      await store.query(
        `INSERT INTO image_package (image_digest, package_id, layer, state, found_in) SELECT $1, id, 0, 'present', 'x' FROM package`,
        [digest],
      );
      const push = uuidOf(`${index} ${version}`);
      await store.query(
        `INSERT INTO push (id, connection, repository, tag, artifact, state, registry_host, digest, verdict, counts, pushed_by)
         VALUES ($1, 'main', $2, 'latest', 'image', 'analyzed', 'registry.example.com', $3, $4, $5, 'jane')`,
        [push, `shop/app-${index}`, digest, version === '1' ? 'fail' : 'pass', { high: version === '1' ? 1 : 0 }],
      );
      await store.query('INSERT INTO push_image (push_id, image_digest) VALUES ($1, $2)', [push, digest]);
      await store.query(
        `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, at, position) VALUES ('main', $1, 'latest', $2, $3, now(), $4)`,
        [`shop/app-${index}`, digest, push, Number(version)],
      );
    }
    await store.query(
      `INSERT INTO container_ledger (container_id, cluster, namespace, pod, workload_kind, workload, image_digest, claimed_digests, privileged, first_seen, last_seen)
       VALUES ($1, 'eu1', 'shop', $2, 'Deployment', $3, $4, '{}', false, now(), now())`,
      [`container-${index}`, `app-${index}-1`, `app-${index}`, digestOf(`${index} 1`)],
    );
    await store.query(
      `INSERT INTO workload_finding (cluster, namespace, kind, name, fingerprint, check_id, severity, title, first_seen, last_seen)
       VALUES ('eu1', 'shop', 'Deployment', $1, 'f', 'k8s-privileged', 'medium', 'privileged', now(), now())`,
      [`app-${index}`],
    );
  }
  await store.query(
    `WITH added AS (
       INSERT INTO package (purl, type, name, version, source_name, source_version, licenses)
       VALUES ('pkg:npm/lodash@4.17.20', 'npm', 'lodash', '4.17.20', 'lodash', '4.17.20', '{}') RETURNING id),
     advised AS (
       INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
       VALUES ('CVE-2026-0002', 'CVE-2026-0002', '{}', 'another hole', 'low', now(), 2))
     INSERT INTO image_package (image_digest, package_id, layer, state, found_in) SELECT $1, id, 1, 'present', 'y' FROM added`,
    [digestOf('0 2')],
  );
  await store.query(
    `INSERT INTO package_match (package_id, advisory_id, state, fix_state, vulnerability_ids)
     SELECT id, 'CVE-2026-0002', 'affected', 'not-fixed', '{CVE-2026-0002}' FROM package WHERE name = 'lodash'`,
  );
  const incident = minerIncident({
    id: uuidOf('one'),
    workload: 'shop/Deployment/app-3',
    cluster: 'eu1',
    namespace: 'shop',
  });
  await store.transaction((tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
  await new FleetExposure(store).refresh();
  await addWork();
}

/** Six of each that the platform itself makes: messages, failures, alerts. */
async function addWork(): Promise<void> {
  await store.query(
    `INSERT INTO delivery (id, event_id, receiver, channel, integration, route, group_key, group_labels, alerts, message, state, code, subject)
     SELECT gen_random_uuid(), gen_random_uuid(), 'team-' || number, 'slack', 0, 'shop', 'k', '{}', '[{},{}]', '{}',
       CASE WHEN number < 3 THEN 'failed' ELSE 'sent' END, CASE WHEN number < 3 THEN 'CHANNEL_UNAVAILABLE' END, $1
     FROM generate_series(1, 6) AS number`,
    [uuidOf('one')],
  );
  await store.query(
    `INSERT INTO silence (id, matchers, starts_at, ends_at, created_by, comment)
     SELECT gen_random_uuid(), ARRAY['repository="shop/app-' || number || '"'], now() - interval '2 hours',
       now() + CASE WHEN number < 3 THEN interval '-1 hour' ELSE interval '1 hour' END, 'jane', 'planned'
     FROM generate_series(1, 6) AS number`,
  );
  await store.query(
    `INSERT INTO dead_letter (id, stage, worker, subject, code, reason, attempts, redriven_at)
     SELECT gen_random_uuid(), 'job', 'push', 'shop/app-' || number, 'REGISTRY_UNAVAILABLE', 'away', 3, CASE WHEN number < 3 THEN now() END
     FROM generate_series(1, 6) AS number`,
  );
  const rule = {
    title: 'Probe',
    id: 'probe',
    author: null,
    license: null,
    level: 'high',
    tags: [],
    link: null,
    file: null,
  };
  const context = {
    cluster: 'eu1',
    node: null,
    namespace: 'shop',
    pod: null,
    container: null,
    image: null,
    imageDigest: null,
  };
  const texts = { stage: null, title: 'Probe ran', explanation: '', finding: null, lowered: null };
  const alert = { rule, severity: 'high', weight: 'alone', at: '2026-01-01T00:00:00Z', ...texts, isFact: false };
  await store.query(
    `INSERT INTO detection_alert (id, rule, severity, alert)
     SELECT 'alert-' || number, 'Probe', 'high', $1::jsonb || jsonb_build_object('id', 'alert-' || number, 'context', $2::jsonb
       || jsonb_build_object('workload', 'shop/Deployment/app-' || number)) FROM generate_series(1, 6) AS number`,
    [{ ...alert, bySensor: false, image: [], events: ['e'], techniques: ['T1496'] }, context],
  );
  // The fifth and the sixth were evaluated again with more facts.
  await store.query(
    `INSERT INTO detection_alert (id, rule, severity, alert)
     SELECT id || '-again', rule, severity, alert || jsonb_build_object('id', id || '-again', 'revises', id)
     FROM detection_alert WHERE id IN ('alert-5', 'alert-6')`,
  );
  await store.query(
    `INSERT INTO containment_order (id, incident_id, cluster, action, namespace, subject, author, reason, dry_run, state, expires_at)
     SELECT gen_random_uuid(), $1, 'eu1', 'isolate', 'shop',
       jsonb_build_object('kind', 'Deployment', 'namespace', 'shop', 'name', 'app-' || number, 'uid', NULL), 'jane', 'a miner',
       number > 4, CASE WHEN number < 3 THEN 'refused' ELSE 'done' END, now() + interval '5 minutes'
     FROM generate_series(1, 6) AS number`,
    [uuidOf('one')],
  );
  await store.query(
    `INSERT INTO detection_rule (number, rule) SELECT number, $1::jsonb || jsonb_build_object('line', number) FROM generate_series(1, 6) AS number`,
    [{ ...rule, state: 'loaded', kind: 'rule', status: 'stable', isPart: false, file: 'a.yml', reason: null }],
  );
}

beforeAll(async () => {
  api = await startConsole(start);
  store = api.store;
  await addFleet();
  token = await api.tokenOf('test', 'viewer');
});

afterAll(async () => api.stop());

interface Answer {
  items: Record<string, unknown>[];
  next: string | null;
  total: { count: number } | null;
  [more: string]: unknown;
}

async function ask(path: string): Promise<Answer> {
  const answer = await fetch(`${api.url}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } });
  const body = (await answer.json()) as Answer;
  expect({ path, status: answer.status, ...(answer.status !== 200 && { body }) }).toEqual({ path, status: 200 });
  return body;
}

const query = (list: string, q: string, more = '') => `${list}?count=true&limit=200&q=${encodeURIComponent(q)}${more}`;

async function countOf(list: string, q: string): Promise<number> {
  const { items, total } = await ask(query(list, q));
  expect(total!.count).toBe(items.length);
  return items.length;
}

describe('lists of the API', () => {
  it.each([
    ['images', '', 24],
    ['images', 'current', 12],
    ['images', 'running verdict=fail severity>=high', 12],
    ['images', 'running current', 0],
    ['images', 'image=shop/app-1:latest', 2],
    ['images', 'repository=shop/app-1*', 6],
    ['images', `digest=${digestOf('1 1')}`, 1],
    ['images', 'os=example:1 base=debian:* platform=linux/* user=app -secret -unread', 24],
    ['images', 'package="openssl<3.0.14" vulnerability=CVE-2026-0001', 24],
    ['images', 'package="openssl>=3.0.14"', 0],
    ['repositories', '', 12],
    ['repositories', 'verdict=pass tags=1 -failed -running registry=registry.example.com', 12],
    ['repositories', 'repository=shop/app-1*', 3],
    ['repositories', 'severity>=low', 0],
    ['workloads', '', 12],
    ['workloads', 'running verdict=fail severity=high misconfigurations>0', 12],
    ['workloads', 'incidents>0', 1],
    ['workloads', 'image=shop/app-3:* cluster=eu1 namespace=shop kind=Deployment name=app-3', 1],
    ['workloads', 'privileged', 0],
    ['vulnerabilities', 'running fixable severity=high images=24 workloads=12 repository=shop/app-1', 1],
    ['fixes', 'package="openssl<3.0.14" vulnerability=CVE-2026-0001 to=3.0.14', 1],
    ['pushes', 'current verdict=pass', 12],
    ['incidents', 'workload=shop/Deployment/app-3', 1],
    ['alerts', 'severity>=high rule=Probe technique=T1496 -joined workload=shop/* at<1d', 6],
    ['alerts', 'app-3', 1],
    ['alerts', 'app-5', 1],
    ['alerts', 'revised', 2],
    ['rules', 'state=loaded level>=medium file=*.yml -part', 6],
    ['deliveries', 'state=failed channel=slack alerts=2 -fallback', 2],
    ['deliveries', `incident=${uuidOf('one')} push=${uuidOf('0 1')}`, 0],
    ['silences', 'by=jane matcher=*shop* active', 4],
    ['silences', 'ended', 2],
    ['containment', 'state=done -dryrun by=jane kind=Deployment namespace=shop', 2],
    ['containment', `action=isolate object=app-1 incident=${uuidOf('one')}`, 1],
    ['containment', 'miner cluster=eu1 -undo', 6],
    ['dead-letters', 'code=REGISTRY_* worker=push attempts>2', 4],
    ['dead-letters', 'redriven or -redriven', 6],
  ])('find in %s by %j', async (list, q, count) => {
    expect(await countOf(list, q)).toBe(count);
  });

  it.each([
    ['silences?all=true', 6],
    ['dead-letters?all=true', 6],
    ['deliveries?state=failed&receiver=team-1', 1],
    ['deliveries?state=fallen-back', 0],
    ['deliveries?since=2026-01-01T00:00:00Z', 6],
    [`deliveries?incident=${uuidOf('one')}`, 6],
    ['alerts?severity=high', 6],
    ['rules?state=refused', 0],
    ['containment?state=refused&cluster=eu1', 2],
  ])('keep the parameters of %s', async (path, count) => {
    expect((await ask(path)).items).toHaveLength(count);
  });

  it.each(listNames)('filter %s by every field, and page and export in every order', async (name) => {
    const values = { text: 'a*', match: 'a', number: '1', time: '1d', flag: 'true' };
    for (const [field, known] of Object.entries<Field>(listFields[name]))
      await countOf(name, `${field}=${'values' in known ? known.values[0] : values[known.type]}`);
    const whole = await ask(query(name, ''));
    for (const sort of Object.keys(listCatalog[name].list.sorts)) {
      const rows: string[] = [];
      for (let after = ''; ;) {
        const { items, next } = await ask(`${name}?limit=5&sort=-${sort}${after}`);
        rows.push(...items.map((item) => JSON.stringify(item)));
        if (next === null) break;
        after = `&after=${encodeURIComponent(next)}`;
      }
      expect(rows.toSorted()).toEqual(whole.items.map((item) => JSON.stringify(item)).toSorted());
    }
    expect(await ask(`${name}/export?format=json`)).toHaveLength(whole.items.length);
  });

  it('are described with fields, values and orders', async () => {
    const { items } = await ask('lists');
    expect(items.map(({ name }) => name)).toEqual(listNames);
    expect(items.find(({ name }) => name === 'images')).toMatchObject({
      path: '/api/v1/images',
      fields: expect.arrayContaining([
        expect.objectContaining({ name: 'severity', type: 'rank', operators: expect.arrayContaining(['>=']) }),
      ]),
      sorts: expect.arrayContaining(['pushed']),
      defaultSort: '-pushed',
    });
  });

  it.each<[ListName, string, string[]]>([
    ['images', 'sev', ['severity>=']],
    ['images', 'repository=shop/app-1', ['shop/app-1', 'shop/app-10', 'shop/app-11']],
    ['images', 'running package=open', ['openssl']],
    ['images', 'vulnerability=cve', ['CVE-2026-0001', 'CVE-2026-0002']],
    ['workloads', 'namespace=', ['shop']],
    ['vulnerabilities', 'image=shop/app-11', ['shop/app-11']],
    ['pushes', 'pusher=%', []],
    ['incidents', 'state=o', ['open']],
  ])('complete queries of %s: %j', async (list, q, texts) => {
    const { items } = await ask(`completions?list=${list}&q=${encodeURIComponent(q)}`);
    expect(items.map(({ text }) => text)).toEqual(texts);
  });

  it('complete queries of the audit log for those who may read it', async () => {
    const completed = async (role: 'viewer' | 'admin') => {
      const headers = { authorization: `Bearer ${await api.tokenOf(`audit ${role}`, role)}` };
      return (await fetch(`${api.url}/api/v1/completions?list=audit&q=act`, { headers })).json();
    };
    expect(await completed('viewer')).toMatchObject({ code: 'ROLE_MISSING' });
    expect(await completed('admin')).toMatchObject({ items: [{ text: 'actor=' }, { text: 'action=' }] });
  });

  it('name the column of what is wrong with a query while it is typed', async () => {
    expect(await ask('completions?list=images&q=running%20shape%3Dred')).toMatchObject({
      problem: { column: 9, message: expect.stringContaining('column 9: no field "shape"') },
    });
    expect(await ask('completions?list=images&q=running')).toMatchObject({ problem: null });
  });
});

describe('pages of the API', () => {
  it('show a vulnerability with its reach', async () => {
    expect(await ask('vulnerabilities/CVE-2026-0001')).toMatchObject({
      id: 'CVE-2026-0001',
      packageVersions: [{ name: 'openssl', fix: { version: '3.0.14' }, images: 24 }],
      reach: { counts: { images: 24, workloads: 12 } },
      asOf: expect.any(String),
    });
  });

  it('show the layers of an image with what each brought, and its relations', async () => {
    const digest = digestOf('1 1');
    const { items } = await ask(`images/${digest}/layers`);
    expect(items).toMatchObject([
      { index: 0, packages: 1, findings: { high: 1 }, secrets: 0 },
      { index: 1, packages: 0, findings: { high: 0 } },
    ]);
    const { items: related } = await ask(`images/${digest}/related`);
    expect(related).toHaveLength(23);
    expect(related[0]).toMatchObject({ relation: 'layers', sharedLayers: 1, layers: 2, tag: 'latest' });
  });

  it.each([
    ['the digest of one', digestOf('0 1'), 'registry.example.com/shop/app-0:latest'],
    ['what a workload runs', 'running:eu1/shop/Deployment/app-0', uuidOf('0 2')],
  ])('compare %s with another', async (_, from, to) => {
    expect(await ask(`compare?from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`)).toMatchObject({
      from: { images: [digestOf('0 1')], push: { repository: 'shop/app-0' } },
      to: { images: [digestOf('0 2')] },
      platforms: [{ change: 'compared' }],
      packages: { added: 1, removed: 0, items: [{ name: 'lodash', before: null, after: '4.17.20' }] },
      findings: {
        introduced: { items: [{ id: 'CVE-2026-0002' }] },
        newlyPublished: { total: 0 },
        resolved: { total: 0 },
      },
      unchanged: 1,
      kept: { total: 1, items: [{ id: 'CVE-2026-0001' }] },
    });
  });

  it.each([
    ['not-a-reference', 400, 'INPUT_INVALID'],
    ['registry.example.com/shop/none:1', 404, 'IMAGE_UNKNOWN'],
    [digestOf('none'), 404, 'IMAGE_UNKNOWN'],
    ['running:eu1/shop/Deployment/none', 404, 'IMAGE_UNKNOWN'],
  ])('refuse to compare %s', async (from, status, code) => {
    const path = `compare?from=${encodeURIComponent(from)}&to=${digestOf('0 1')}`;
    const answer = await fetch(`${api.url}/api/v1/${path}`, { headers: { authorization: `Bearer ${token}` } });
    expect([answer.status, await answer.json()]).toMatchObject([status, { code }]);
  });

  it('add up the workloads of each namespace', async () => {
    expect((await ask('workloads/namespaces')).items).toEqual([
      {
        ...{ cluster: 'eu1', namespace: 'shop', workloads: repositories, failed: repositories },
        ...{ containers: repositories, misconfigurations: repositories, incidents: 1 },
      },
    ]);
  });

  it('show a workload with its containers, misconfigurations and incidents', async () => {
    expect(await ask('workloads/eu1/shop/Deployment/app-3')).toMatchObject({
      containers: 1,
      images: [{ repository: 'shop/app-3', tag: 'latest', verdict: 'fail', severity: 'high' }],
      misconfigurations: { medium: 1 },
      incidents: 1,
      runs: [{ pod: 'app-3-1', isRunning: true }],
      findings: [{ check: 'k8s-privileged' }],
      incidentList: [{ workload: 'shop/Deployment/app-3' }],
    });
    const unknown = await fetch(`${api.url}/api/v1/workloads/eu1/shop/Deployment/none`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'WORKLOAD_UNKNOWN' }]);
  });
});

/** Values of path parameters that name something of the fleet. */
const named: Readonly<Record<string, string>> = {
  digest: digestOf('0 1'),
  'pushes/{id}': uuidOf('0 1'),
  'incidents/{id}': uuidOf('one'),
  'vulnerabilities/{id}': 'CVE-2026-0001',
  ...{ cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'app-3' },
};
/** Queries without which a route answers nothing. */
const asked: Readonly<Record<string, string>> = {
  '/api/v1/search': 'q=openssl',
  '/api/v1/compare': `from=${digestOf('0 1')}&to=${digestOf('0 2')}`,
  '/api/v1/completions': 'list=images&q=sev',
  '/api/v1/report': `image=${digestOf('0 1')}&format=cyclonedx`,
  '/api/v1/blast-radius': 'vulnerability=CVE-2026-0001',
  '/api/v1/blast-radius/containers': 'vulnerability=CVE-2026-0001',
};
const endless = new Set(['/api/v1/stream']);
/**
 * Statements of a request, with those that look up its token; pages of details ask for several
 * parts, and a comparison for those of two images.
 */
const maxStatements = (path: string) => {
  if (listNames.some((list) => path === `/api/v1/${list}`)) return 5;
  return path === '/api/v1/compare' ? 48 : 24;
};

describe('GET routes', () => {
  const routes = apiMethods(controllers).filter(({ method, path }) => method === 'get' && !endless.has(path));
  let run: jest.SpyInstance<Promise<unknown>, Parameters<PostgresQueryRunner['query']>>;
  let adminToken: string;

  beforeAll(async () => {
    run = jest.spyOn(PostgresQueryRunner.prototype, 'query');
    adminToken = await api.tokenOf('admin', 'admin');
  });

  afterAll(() => run.mockRestore());

  /** The outbox and the watch of entries ask at times, too: the least of some rounds counts. */
  async function statementsOf(path: string): Promise<number> {
    const numbers = [];
    for (let round = 0; round < 6; round += 1) {
      const before = run.mock.calls.length;
      const answer = await fetch(`${api.url}${path}`, { headers: { authorization: `Bearer ${adminToken}` } });
      await answer.arrayBuffer();
      expect([path, answer.status]).not.toEqual([path, 500]);
      numbers.push(run.mock.calls.slice(before).filter(([sql]) => !/^(?:BEGIN|ROLLBACK)\b/.test(sql)).length);
    }
    return Math.min(...numbers);
  }

  it.each(routes.map(({ path, query: parameters }) => [path, parameters !== undefined && 'limit' in parameters.shape]))(
    '%s asks PostgreSQL as often for a row as for a page',
    async (path, isPaged) => {
      const url = path
        .replaceAll(
          /(\w[\w-]*)\/\{(\w+)\}/g,
          (_, before: string, name: string) =>
            `${before}/${encodeURIComponent(named[`${before}/{${name}}`] ?? named[name] ?? uuidOf(name))}`,
        )
        .replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(named[name] ?? uuidOf(name)));
      const question = (limit: number) => `${url}?${asked[path] ?? ''}${isPaged ? `&limit=${limit}` : ''}`;
      let [one, many] = [await statementsOf(question(1)), await statementsOf(question(200))];
      for (let round = 0; round < 4 && many !== one; round += 1) {
        one = Math.min(one, await statementsOf(question(1)));
        many = Math.min(many, await statementsOf(question(200)));
      }
      expect({ path, many }).toEqual({ path, many: one });
      expect(many).toBeLessThanOrEqual(maxStatements(path));
    },
  );
});
