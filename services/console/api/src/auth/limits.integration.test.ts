import { generateKeyPairSync, hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { Bus } from '@tidewaiter/bus';
import { type AccessRole, type AccessScope, type Digest, includesRole, Secret } from '@tidewaiter/domain';
import { type EventType, imageFailed, incidentResolved } from '@tidewaiter/events';
import { type Field, listFields, type ListName, listNames } from '@tidewaiter/query';
import { FleetExposure, Incidents, Store } from '@tidewaiter/store';
import { minerIncident, startConsole, type TestConsole, uuidOf } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { controllers } from '../console.module.js';
import { listCatalog } from '../lists/list-catalog.js';
import { start } from '../main.js';
import { apiMethods } from '../openapi/api-methods.js';

let api: TestConsole;
let store: Store;

const digestOf = (text: string): Digest => `sha256:${hash('sha256', text, 'hex')}`;

/** A tenant's data, in which every text has its word. */
function tenantOf(word: string) {
  const at = { cluster: `${word}-cluster`, namespace: `${word}-ns`, kind: 'Deployment', workload: `${word}-web` };
  return {
    word,
    ...at,
    place: `${at.namespace}/Deployment/${at.workload}`,
    repository: `${word}/app`,
    tag: `${word}-1`,
    digest: digestOf(`${word} index`),
    image: digestOf(`${word} image`),
    config: digestOf(`${word} config`),
    layer: digestOf(`${word} layer`),
    blob: digestOf(`${word} blob`),
    push: uuidOf(`${word} push`),
    older: uuidOf(`${word} older push`),
    refused: uuidOf(`${word} refused push`),
    incident: uuidOf(`${word} incident`),
    delivery: uuidOf(`${word} delivery`),
    reportRun: uuidOf(`${word} report run`),
    order: uuidOf(`${word} order`),
    fingerprint: hash('sha256', `${word} secret`, 'hex'),
    vulnerability: `CVE-2026-${word.length}${word.codePointAt(0)}`,
    library: `${word}-lib`,
  };
}

type Tenant = ReturnType<typeof tenantOf>;

const [ours, theirs, absent] = [tenantOf('zorblax'), tenantOf('quuxberryy'), tenantOf('zzabsentzz')] as const;

/** VEX document that a signer attached to the image of a tenant. */
const vexOf = ({ word, vulnerability, library }: Tenant) => ({
  signer: { name: word, keyFingerprint: null, identity: null, issuer: null },
  artifact: digestOf(`${word} vex`),
  document: {
    '@context': 'https://openvex.dev/ns/v0.2.0',
    author: word,
    statements: [{ vulnerability, products: [`pkg:npm/${library}`], status: 'affected' }],
  },
});

/** Texts of a tenant by which an answer gives it away. */
const canaries = ({ kind: _, ...tenant }: Tenant) => Object.values(tenant);

const signedBy = (text: string) => JSON.stringify([{ verified: true, signer: { name: text } }]);

async function addTenant(tenant: Tenant): Promise<void> {
  const { word } = tenant;
  const add = async (table: string, row: object) => {
    const names = Object.keys(row);
    await store.query(
      `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
      Object.values(row),
    );
  };
  const base = digestOf('shared layer');
  const place = { connection: 'main', repository: tenant.repository };
  const now = new Date();
  await add('image', {
    ...{ digest: tenant.image, media_type: 'm', config_digest: tenant.config, platform: 'linux/amd64', run_user: word },
    labels: { maintainer: word, 'org.opencontainers.image.source': `https://git.example.com/${word}` },
    os: { id: word, versionId: '1', name: word, idLike: [] },
    ...{ analyzers_version: '1', analyzed_at: now, unread_layers: '{1}' },
  });
  for (const [index, diffId, blob] of [
    [0, base, base],
    [1, tenant.layer, tenant.blob],
  ] as const) {
    await add('image_layer', {
      ...{ image_digest: tenant.image, index, diff_id: diffId, blob_digest: blob, media_type: 'm', size_bytes: 1 },
      created_by: index === 0 ? 'shared' : `RUN ${word}`,
    });
  }
  await add('layer', {
    ...{ diff_id: tenant.layer, analyzers_version: '1', facts: '', entries: '', entry_count: 1, uncompressed_bytes: 1 },
    path_keys: [hash('sha256', `opt/${word}`, 'buffer').readBigInt64BE().toString()],
  });
  const [own] = await store.query<{ id: string }>(
    `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses)
     VALUES ($1, 'npm', $2, '1.0.0', $2, '1.0.0', '{}') RETURNING id`,
    [`pkg:npm/${tenant.library}@1.0.0`, tenant.library],
  );
  await add('package_match', {
    ...{ package_id: own!.id, advisory_id: tenant.vulnerability, state: 'affected', fix_state: 'fixed' },
    ...{ fix_version: '1.0.1', vulnerability_ids: [tenant.vulnerability] },
  });
  await store.query(
    `INSERT INTO image_package (image_digest, package_id, layer, state, found_in)
     SELECT $1, id, 1, 'present', $2 FROM package WHERE id = $3 OR name = 'openssl'`,
    [tenant.image, `opt/${word}/lib`, own!.id],
  );
  const finding = {
    ...{ kind: 'secret', id: 'private-key', severity: 'high', title: word, fingerprint: word, path: `opt/${word}` },
    ...{ aliases: [], layer: 1, state: 'present', match: 'affected', fix: { state: 'unknown', version: null } },
    evidence: { valueFingerprint: tenant.fingerprint, rule: word },
    ...{ confidence: 'certain', purl: null, packageName: null, installedVersion: null, cvss: null },
  };
  await add('image_finding', {
    ...{ image_digest: tenant.image, fingerprint: word, source: 'layers', finding },
  });
  for (const [id, digest, tag] of [
    [tenant.older, tenant.image, `${word}-0`],
    [tenant.push, tenant.digest, tenant.tag],
  ] as const) {
    await add('push', {
      ...{ id, ...place, tag, artifact: 'image', state: 'analyzed', registry_host: 'registry.example.com', digest },
      ...{ verdict: 'fail', counts: { high: 1 }, pushed_by: word, code: null },
      warnings: JSON.stringify([{ code: 'FILE_UNREADABLE', message: word }]),
    });
    await add('push_image', { push_id: id, image_digest: tenant.image });
    await add('tag_ledger', { ...place, tag, digest, push_id: id, at: now, position: 1, actor: word });
    await add('push_change', { push_id: id, changes: { word } });
  }
  await add('push', {
    ...{ id: tenant.refused, ...place, tag: 'refused', artifact: 'image', state: 'refused', code: 'X' },
    ...{ reason: word, registry_host: 'registry.example.com', claimed_digest: digestOf(`${word} refused`) },
  });
  const sidecar = digestOf(`${word} sidecar`);
  await add('image', {
    ...{ digest: sidecar, media_type: 'm', config_digest: sidecar, platform: 'linux/amd64', labels: {} },
    ...{ analyzers_version: '1', analyzed_at: now },
  });
  await add('image_layer', {
    ...{ image_digest: sidecar, index: 0, diff_id: base, blob_digest: base, media_type: 'm', size_bytes: 1 },
  });
  await add('push_image', { push_id: tenant.push, image_digest: sidecar });
  await add('image_provenance', {
    ...{
      image_digest: tenant.image,
      ...place,
      signatures: signedBy(word),
      attestations: '[]',
      vex: JSON.stringify([vexOf(tenant)]),
      warnings: '[]',
    },
  });
  await add('repository_finding', {
    ...{ image_digest: tenant.image, ...place, fingerprint: `${word} outlier` },
    finding: {
      ...{ ...finding, kind: 'integrity', id: 'file-outlier', fingerprint: `${word} outlier` },
      // Compares the file with the one in images of the other tenant.
      evidence: { comparedWith: [(tenant === ours ? theirs : ours).repository], repositoriesWithExpected: 3 },
    },
  });
  await add('container_ledger', {
    ...{
      container_id: `${word}-container`,
      cluster: tenant.cluster,
      node: `${word}-node`,
      namespace: tenant.namespace,
    },
    ...{ pod: `${word}-pod`, workload_kind: 'Deployment', workload: tenant.workload, image_digest: tenant.image },
    ...{ claimed_digests: '{}', repository: `registry.example.com/${tenant.repository}`, tag: tenant.tag },
    ...{ privileged: true, first_seen: now, last_seen: now },
  });
  const workload = {
    ...{ cluster: tenant.cluster, namespace: tenant.namespace, kind: 'Deployment', name: tenant.workload },
  };
  await add('workload', {
    ...{ ...workload, namespace_labels: { 'tidewaiter.dev/owner': `${word}-team` }, exposed: true, privileged: true },
    ...{ replicas: 1, probes: '{}', seen_at: now },
  });
  await addShared(tenant, add);
  await add('workload_finding', {
    ...{ ...workload, fingerprint: word, check_id: 'k8s-privileged', severity: 'medium', title: word },
    ...{ container: word, first_seen: now, last_seen: now },
  });
  await add('package_use', {
    ...{ image_digest: tenant.image, package: tenant.library, how: 'loaded', first_seen: now, last_seen: now },
  });
  const incident = minerIncident({
    ...{ id: tenant.incident, title: `Miner in ${tenant.place}`, sentence: word, workload: tenant.place },
    ...{ cluster: tenant.cluster, namespace: tenant.namespace, imageDigest: tenant.image },
    image: `registry.example.com/${tenant.repository}:${tenant.tag}`,
    workloads: [
      {
        ...{ cluster: tenant.cluster, workload: tenant.place, imageDigest: tenant.image },
        ...{ firstSeen: now.toISOString(), pods: [`${word}-pod`] },
      },
    ],
    // Shared with the incident of the other tenant, as by one attacker.
    artifacts: [{ kind: 'destination', value: 'evil.example.com' }],
    rules: [{ id: word, title: word, author: word, license: null, link: null }],
    evidence: [],
  });
  await store.transaction((tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
  await add('containment_order', {
    ...{ id: tenant.order, incident_id: tenant.incident, cluster: tenant.cluster, action: 'isolate', state: 'done' },
    ...{ namespace: tenant.namespace, author: word, reason: word, dry_run: false, expires_at: now },
    subject: { kind: 'Deployment', namespace: tenant.namespace, name: tenant.workload, uid: null },
    report: { calls: [word], notes: [], before: { word }, uid: word },
  });
  await add('containment_transition', { order_id: tenant.order, position: 1, state: 'done', at: now, detail: word });
  const context = {
    ...{ cluster: tenant.cluster, node: word, namespace: tenant.namespace, pod: word, container: word },
    ...{ workload: tenant.place, image: incident.image, imageDigest: tenant.image },
  };
  await add('detection_alert', {
    ...{ id: `${word}-alert`, rule: word, severity: 'high', incident_id: tenant.incident },
    alert: {
      ...{ id: `${word}-alert`, rule: { title: word }, severity: 'high', title: word, explanation: word, context },
      ...{ image: [], events: [], techniques: [] },
    },
  });
  await add('delivery', {
    ...{ id: tenant.delivery, event_id: uuidOf(`${word} event`), receiver: word, channel: word, integration: 0 },
    ...{ route: word, group_key: word, group_labels: {}, alerts: '[]', message: { title: word }, state: 'sent' },
    ...{ subject: tenant.incident, revision: 1 },
  });
  await add('silence', {
    ...{ id: uuidOf(`${word} silence`), matchers: [`namespace="${tenant.namespace}"`], starts_at: now },
    ...{ ends_at: '2099-01-01', created_by: word, comment: word },
  });
  await add('alert', {
    identity_hash: hash('sha256', word, 'buffer'),
    ...{ labels: { namespace: tenant.namespace, repository: tenant.repository }, status: 'firing' },
    ...{ starts_at: now, changed_at: now },
  });
}

/** An image that both tenants pushed, signed, reported and run. */
const sharedImage = digestOf('shared image');

async function addShared(tenant: Tenant, add: (table: string, row: object) => Promise<void>): Promise<void> {
  const { word, repository } = tenant;
  const [id, now] = [uuidOf(`${word} shared push`), new Date()];
  const place = { connection: 'main', repository };
  await add('push', {
    ...{ id, ...place, tag: `${word}-shared`, artifact: 'image', state: 'analyzed', digest: sharedImage },
    ...{ registry_host: 'registry.example.com', verdict: 'pass', pushed_by: word },
  });
  await add('push_image', { push_id: id, image_digest: sharedImage });
  await add('tag_ledger', {
    ...{ ...place, tag: `${word}-shared`, digest: sharedImage, push_id: id, at: now, position: 1, actor: word },
  });
  await add('image_provenance', {
    ...{
      image_digest: sharedImage,
      ...place,
      signatures: signedBy(word),
      attestations: '[]',
      vex: '[]',
      warnings: '[]',
    },
  });
  await add('pipeline_document', { digest: digestOf(`${word} document`), media_type: 'm', content: '' });
  await add('pipeline_report', {
    ...{ id: uuidOf(`${word} report`), connection: word, report_key: word, image_digest: sharedImage, kind: 'run' },
    ...{ document_digest: digestOf(`${word} document`), format: 'f', registry: 'registry.example.com', repository },
    ...{ run: { source: word, workflow: word, actor: word }, proven: '{}' },
  });
  await add('container_ledger', {
    ...{ container_id: `${word}-second`, cluster: tenant.cluster, namespace: tenant.namespace, pod: `${word}-second` },
    ...{ workload_kind: 'Deployment', workload: tenant.workload, image_digest: sharedImage, claimed_digests: '{}' },
    ...{ repository: `registry.example.com/${repository}`, first_seen: now, last_seen: now },
  });
}

const none: AccessScope = { repositories: [], clusters: [], namespaces: [], owners: [] };

const scopesOf = (tenant: Tenant): Record<string, AccessScope[]> => ({
  'repositories and namespaces': [{ ...none, repositories: [`${tenant.word}/*`], namespaces: [tenant.namespace] }],
  'repositories with the registry': [{ ...none, repositories: [`registry.example.com/${tenant.word}/*`] }],
  namespaces: [{ ...none, namespaces: [`${tenant.word}-*`] }],
  clusters: [{ ...none, clusters: [tenant.cluster] }],
  owners: [{ ...none, owners: [`${tenant.word}-team`] }],
  'one of two scopes': [
    { ...none, repositories: ['none/*'], namespaces: ['none'] },
    { ...none, repositories: [`${tenant.word}/app`], namespaces: [tenant.namespace] },
  ],
});

/** A report with the rights of the first caller of a tenant. */
async function addReport(tenant: Tenant): Promise<void> {
  const { word, repository, reportRun } = tenant;
  const [scopes] = Object.values(scopesOf(tenant));
  const rows = [
    { owner: word, repository, vulnerability: tenant.vulnerability, severity: 'high', kev: false, epss: null },
  ].map((row) => ({
    ...row,
    ...{ package: tenant.library, installed: ['1'], fix: null, images: 1, running: null, since: '2026-11-01', days: 1 },
  }));
  await store.query(
    `INSERT INTO report_run (id, report, schedule, period, state, settings, groups, total, made_at)
     VALUES ($1, $2, 'weekly UTC', '2026-11-30T08:00', 'made', $3, $4, 1, now())`,
    [
      reportRun,
      `${word}-report`,
      JSON.stringify({ by: 'repository', query: '', receiver: word, scopes }),
      JSON.stringify([{ name: repository, counts: { high: 1 }, fixable: 0, oldest: 1, rows }]),
    ],
  );
}

const tokens = new Map<string, string>();
const accountOf = (caller: string) => hash('sha256', caller, 'hex').slice(0, 20);

/** Views with a word of the tenant: of each of its callers, and for accounts without limits. */
async function addViews({ word }: Tenant, callers: readonly string[]): Promise<void> {
  const add = async (owner: string, visibility: string) =>
    store.query(
      `INSERT INTO saved_view (id, name, owner_kind, owner, visibility, list, q, is_pinned)
       VALUES ($1, $2, 'service-account', $3, $4, 'pushes', $2, true)`,
      [uuidv7(), `${word} view`, owner, visibility],
    );
  for (const caller of callers) await add(accountOf(caller), 'private');
  await add(word, 'unlimited');
}

beforeAll(async () => {
  const settings = [
    'owners:',
    ...[ours, theirs].map(({ word }) => `  - { repository: "${word}/*", owner: ${word}-team }`),
    `containment: { signingKey: ${JSON.stringify(signingKey())} }`,
  ].join('\n');
  api = await startConsole(start, {
    files: { 'tidewaiter.yaml': settings },
    before: async (data) => {
      store = data.store;
      await store.query(
        `INSERT INTO package (purl, type, name, version, source_name, source_version, licenses)
         VALUES ('pkg:npm/openssl@1.0.0', 'npm', 'openssl', '1.0.0', 'openssl', '1.0.0', '{}')`,
      );
      await store.query(
        `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
         VALUES ('CVE-2026-0001', 'CVE-2026-0001', '{}', 'a hole', 'high', now(), 1)`,
      );
      await store.query(
        `INSERT INTO package_match (package_id, advisory_id, state, fix_state, fix_version, vulnerability_ids)
         SELECT id, 'CVE-2026-0001', 'affected', 'fixed', '1.0.1', '{CVE-2026-0001}' FROM package`,
      );
      // Advisories are public.
      await store.query(
        `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
         SELECT id, id, '{}', 'a hole', 'high', now(), 1 FROM unnest($1::text[]) AS id`,
        [[ours, theirs, absent].map(({ vulnerability }) => vulnerability)],
      );
      await store.query(
        `INSERT INTO image (digest, media_type, config_digest, platform, labels, analyzers_version, analyzed_at)
         VALUES ($1, 'm', 'c', 'linux/amd64', '{}', '1', now())`,
        [sharedImage],
      );
      await store.query(
        `INSERT INTO image_layer (image_digest, index, diff_id, blob_digest, media_type, size_bytes) VALUES ($1, 0, $2, $2, 'm', 1)`,
        [sharedImage, digestOf('shared layer')],
      );
      for (const tenant of [ours, theirs]) await addTenant(tenant);
      for (const tenant of [ours, theirs]) await addReport(tenant);
      await new FleetExposure(store).refresh();
      const make = async (name: string, role: AccessRole, scopes: AccessScope[] | null) =>
        tokens.set(name, await data.tokenOf(accountOf(name), role, scopes));
      await make('everything', 'admin', null);
      for (const tenant of [ours, theirs]) {
        const scopes = Object.entries(scopesOf(tenant)).map(
          ([name, some]) => [`${tenant.word} by ${name}`, some] as const,
        );
        for (const [name, some] of scopes) await make(name, 'responder', some);
        await addViews(
          tenant,
          scopes.map(([name]) => name),
        );
      }
    },
  });
});

afterAll(async () => api.stop());

function signingKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

interface Answer {
  status: number;
  text: string;
}

async function ask(caller: string, path: string, method = 'GET', body?: object): Promise<Answer> {
  const answer = await fetch(`${api.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${tokens.get(caller)!}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, text: await answer.text() };
}

/** Replaces the values of a tenant by the names of its fields, so that answers can be compared. */
function anonymous(text: string, tenant: Tenant): string {
  // The word comes last, as it is part of the others.
  const values = Object.entries(tenant).toSorted(([, a], [, b]) => b.length - a.length);
  const named = values.reduce((shown, [name, value]) => shown.replaceAll(value, `<${name}>`), text);
  // Reports have the time of their request.
  return named.replace(/"at":"[^"]+"/, '"at":"<now>"');
}

const enc = encodeURIComponent;

/** Value of a field in the query of a list. */
function fieldValue(list: ListName, name: string, tenant: Tenant): string {
  const field = (listFields[list] as Record<string, Field>)[name]!;
  if ('values' in field) return field.values[0]!;
  const known: Record<string, string> = {
    repository: `${tenant.word}/*`,
    image: list === 'vulnerabilities' ? tenant.repository : `*${tenant.word}*`,
    digest: tenant.image,
    package: tenant.library,
    vulnerability: tenant.vulnerability,
    id: tenant.vulnerability,
    name: tenant.workload,
  };
  const byType = { text: `*${tenant.word}*`, match: tenant.word, number: '1', time: '1d', flag: 'true' };
  return known[name] ?? byType[field.type];
}

type Values = readonly ((tenant: Tenant) => string)[];
const always = (...texts: string[]): Values => texts.map((text) => () => text);

/** Values to try for each query parameter of each route; a new parameter needs some here. */
function valuesOf(path: string, name: string): Values {
  const list = listNames.find((each) => path.startsWith(`/api/v1/${each}`) && !path.includes('{'));
  if (name === 'q' && path === '/api/v1/search') {
    const keys = ['repository', 'image', 'digest', 'layer', 'blob', 'fingerprint', 'vulnerability', 'library'] as const;
    const more = ['workload', 'place', 'incident'] as const;
    return [...[...keys, ...more].map((key) => (tenant: Tenant) => tenant[key]), (tenant) => `/opt/${tenant.word}`];
  }
  if (name === 'q' && path.endsWith('/export')) return [(tenant) => tenant.word];
  if (name === 'q' && list) {
    return [
      (tenant: Tenant) => tenant.word,
      ...Object.keys(listFields[list]).flatMap((field): Values => [
        (tenant) => `${field}=${fieldValue(list, field, tenant)}`,
        (tenant) => `not ${field}=${fieldValue(list, field, tenant)}`,
      ]),
    ];
  }
  if (name === 'sort' && list) return always(...Object.keys(listCatalog[list].list.sorts).flatMap((s) => [s, `-${s}`]));
  const own: Record<string, Values> = {
    limit: always('1'),
    days: always('7'),
    by: always('owner', 'repository'),
    report: [(tenant) => `${tenant.word}-report`],
    q: [(tenant) => `package=${tenant.library}`, (tenant) => `repository=${tenant.repository}`],
    count: always('true'),
    pinned: always('true'),
    format: always('csv', 'json', 'ndjson'),
    push: [(tenant) => tenant.push],
    incident: [(tenant) => tenant.incident],
    state: always(
      path.includes('pushes')
        ? 'analyzed'
        : path.includes('rules')
          ? 'loaded'
          : path.includes('containment')
            ? 'done'
            : 'open',
    ),
    severity: always('high', 'medium'),
    limits: always('high:0'),
    repository: [(tenant) => tenant.repository],
    cluster: [(tenant) => tenant.cluster],
    namespace: [(tenant) => tenant.namespace],
    workload: [(tenant) => tenant.place],
    check: always('k8s-privileged'),
    image: path.includes('blast')
      ? [(t) => t.image, () => sharedImage, (t) => t.digest, (t) => t.config]
      : [(t) => t.image],
    vulnerability: [(tenant) => tenant.vulnerability, () => 'CVE-2026-0001'],
    purl: [(tenant) => `pkg:npm/${tenant.library}`, () => 'pkg:npm/openssl'],
    package: [(tenant) => tenant.library, () => 'openssl<2'],
    file: [(tenant) => tenant.config],
    path: [(tenant) => `/opt/${tenant.word}`],
    layer: [(tenant) => tenant.layer, (tenant) => tenant.blob, () => digestOf('shared layer')],
    base: [(tenant) => tenant.digest, (tenant) => `${tenant.word}:1`, (tenant) => `${tenant.repository}:${tenant.tag}`],
    secret: [(tenant) => tenant.fingerprint],
    signer: [(tenant) => tenant.word],
    // They need another condition.
    ...{ version: [], since: [], until: [], running: [] },
    after: path.includes('alerts') ? [(tenant) => `${tenant.word}-alert`] : [],
  };
  const values = own[name];
  if (!values) throw new Error(`no value for the parameter ${name} of ${path}`);
  return values;
}

/** Queries that a route needs to answer anything. */
function queriesOf(path: string, names: readonly string[]): Values {
  if (path === '/api/v1/compare') {
    const sides = [
      (tenant: Tenant) => tenant.digest,
      (tenant: Tenant) => tenant.push,
      (tenant: Tenant) => `registry.example.com/${tenant.repository}:${tenant.tag}`,
      (tenant: Tenant) => `running:${tenant.cluster}/${tenant.place}`,
      () => sharedImage,
    ];
    return sides.flatMap((side): Values => [
      (tenant) => `from=${enc(side(ours))}&to=${enc(side(tenant))}`,
      (tenant) => `from=${enc(side(tenant))}&to=${enc(side(ours))}`,
    ]);
  }
  if (path === '/api/v1/completions') {
    return listNames.flatMap((list) =>
      Object.keys(listFields[list]).flatMap((field): Values => [
        () => `list=${list}&q=${enc(`${field}=`)}`,
        (tenant) => `list=${list}&q=${enc(`${field}=${tenant.word}`)}`,
      ]),
    );
  }
  if (path === '/api/v1/report')
    return [(tenant) => `format=spdx&image=${enc(`registry.example.com/${tenant.repository}:${tenant.word}-0`)}`];
  if (path === '/api/v1/repositories/fix-times' || path === '/api/v1/trends')
    return [(tenant) => `connection=main&repository=${enc(tenant.repository)}`];
  if (path.startsWith('/api/v1/messages')) return always('kind=push');
  const single = names.flatMap((name): Values =>
    valuesOf(path, name).map((value) => (tenant: Tenant) => `${name}=${enc(value(tenant))}`),
  );
  if (path.includes('blast-radius') || path.endsWith('/search')) return single;
  return [() => '', ...single];
}

/** Path parameters of a route; ids of every kind of object are tried. */
function pathsOf(path: string): Values {
  if (!path.includes('{')) return [() => path];
  if (path.includes('{digest}'))
    return [(tenant: Tenant) => tenant.image, (tenant: Tenant) => tenant.digest, () => sharedImage].map(
      (digest) => (tenant: Tenant) => path.replace('{digest}', digest(tenant)),
    );
  if (path.includes('{cluster}')) return [(tenant) => `/api/v1/workloads/${tenant.cluster}/${tenant.place}`];
  const key = path.startsWith('/api/v1/containment')
    ? 'order'
    : path.includes('pushes')
      ? 'push'
      : path.includes('incidents')
        ? 'incident'
        : path.includes('vulnerab')
          ? 'vulnerability'
          : path.includes('report-runs')
            ? 'reportRun'
            : 'delivery';
  return [(tenant) => path.replace('{id}', tenant[key])];
}

const methods = apiMethods(controllers).filter(({ operation }) => operation!.role !== 'none');
/** Routes whose answers are compared below, because they are neither a stream nor a document. */
const read = methods.filter(
  ({ method, operation, path }) =>
    method === 'get' && operation!.scope === 'rows' && !/\/(?:stream|openapi\.json)$/.test(path),
);
/** Routes that answer with nothing of any tenant. */
const impersonal =
  /^\/api\/v1\/(?:rules(?:\/export)?|lists|trends|repositories\/fix-times|vulnerabilities\/\{id\}\/trend|me|assignees|messages\/preview|messages\/preview\/mail|device-logins\/\{code\})$/;
/** Changes and questions within limits; each has a test below. */
const changes = [
  'post /api/v1/pushes/{id}/retry',
  'post /api/v1/gate',
  'post /admission/validate',
  'post /api/v1/incidents/{id}/acknowledge',
  'post /api/v1/incidents/{id}/assign',
  'post /api/v1/incidents/{id}/snooze',
  'delete /api/v1/incidents/{id}/snooze',
  'post /api/v1/incidents/{id}/comments',
  'post /api/v1/incidents/{id}/resolve',
  'post /api/v1/incidents/{id}/reopen',
  'post /api/v1/incidents/{id}/containment',
  'delete /api/v1/session',
];
/** Changes of sign-ins that wait, whose secret code is the proof. */
/** Changes of views, which accounts keep for themselves: tested in views. */
const ownViews = ['post /api/v1/views', 'put /api/v1/views/{id}', 'delete /api/v1/views/{id}'];
const byCode = ['post /api/v1/device-logins/{code}/approve', 'post /api/v1/device-logins/{code}/refuse'];

const limitedCallers = Object.keys(scopesOf(ours)).map((name) => `${ours.word} by ${name}`);
const [limitedCaller = ''] = limitedCallers;

const gives = ({ status, text }: Answer, tenant: Tenant) =>
  status === 200 && canaries(tenant).some((canary) => text.includes(canary));

/** Expects the same answer for what is hidden as for what does not exist. */
async function expectHidden(caller: string, question: (tenant: Tenant) => Promise<Answer>): Promise<void> {
  const [hidden, unknown] = [await question(theirs), await question(absent)];
  const shown = ({ status, text }: Answer, tenant: Tenant) => [caller, status, anonymous(text, tenant)];
  expect(shown(hidden, theirs)).toEqual(shown(unknown, absent));
}

describe('limits of callers', () => {
  it.each(read)(
    'hide the other tenant from GET $path',
    async ({ path, query }) => {
      const urls = pathsOf(path).flatMap((at) =>
        queriesOf(path, Object.keys(query?.shape ?? {})).map((asked) => (tenant: Tenant) => {
          const question = asked(tenant);
          return `${at(tenant)}${question === '' ? '' : `?${question}`}`;
        }),
      );
      const seen = { everything: 0, own: 0 };
      for (const [index, url] of urls.entries()) {
        // So that the test could fail: without limits the question gives the tenant away.
        const whole = await ask('everything', url(theirs));
        expect([url(theirs), whole.status]).not.toEqual([url(theirs), 500]);
        if (gives(whole, theirs)) seen.everything += 1;
        // All scopes are tried with the first questions, and one with all.
        for (const caller of index < 2 ? limitedCallers : [limitedCaller]) {
          if (url(theirs) !== url(absent)) await expectHidden(caller, async (tenant) => ask(caller, url(tenant)));
          else if (!impersonal.test(path)) {
            const { text } = await ask(caller, url(theirs));
            const leaked = canaries(theirs).filter((canary) => text.includes(canary));
            expect([caller, url(theirs), leaked]).toEqual([caller, url(theirs), []]);
          }
          const own = await ask(caller, url(ours));
          expect([caller, url(ours), own.status]).not.toEqual([caller, url(ours), 500]);
          if (gives(own, ours)) seen.own += 1;
        }
      }
      if (!impersonal.test(path)) expect([seen.everything > 0, seen.own > 0]).toEqual([true, true]);
    },
    300_000,
  );

  it.each(limitedCallers)('show %s what is its own', async (caller) => {
    const paths = [
      ...listNames
        .map((list) => `/api/v1/${list}`)
        .filter((path) => !impersonal.test(path) && read.some((each) => each.path === path)),
      ...[`/api/v1/images/${ours.image}`, `/api/v1/pushes/${ours.push}`, `/api/v1/incidents/${ours.incident}`],
      `/api/v1/workloads/${ours.cluster}/${ours.place}`,
    ];
    for (const path of paths) expect([path, gives(await ask(caller, path), ours)]).toEqual([path, true]);
  });

  it('refuse completions of a list that cannot be limited', async () => {
    const { status, text } = await ask(limitedCaller, '/api/v1/completions?list=deliveries&q=receiver%3D');
    expect([status, JSON.parse(text)]).toMatchObject([403, { code: 'SCOPE_INSUFFICIENT' }]);
  });

  it('count within the scope', async () => {
    const counted = async (caller: string, path: string) => JSON.parse((await ask(caller, path)).text) as never;
    const shared = '/api/v1/vulnerabilities/CVE-2026-0001';
    expect(await counted('everything', shared)).toMatchObject({
      images: 2,
      workloads: 2,
      reach: { counts: { images: 2 } },
    });
    expect(await counted(limitedCaller, shared)).toMatchObject({
      ...{ images: 1, runningImages: 1, workloads: 1, repositories: [ours.repository], namespaces: [ours.namespace] },
      reach: { counts: { images: 1, repositories: 1, workloads: 1, pods: 1 } },
    });
    expect(await counted(limitedCaller, '/api/v1/pushes?count=true')).toMatchObject({ total: { count: 4 } });
    expect(await counted('everything', '/api/v1/pushes?count=true')).toMatchObject({ total: { count: 8 } });
    const failed = async (caller: string) => {
      const { days }: { days: { verdicts: { fail: number } }[] } = await counted(caller, '/api/v1/trends');
      return days.reduce((sum, { verdicts }) => sum + verdicts.fail, 0);
    };
    expect(await failed(limitedCaller)).toBeGreaterThan(0);
    expect(await failed('everything')).toBe(2 * (await failed(limitedCaller)));
  });

  it('leave out of a finding what comes from other repositories', async () => {
    const path = `/api/v1/images/${ours.image}/findings`;
    expect((await ask('everything', path)).text).toContain(theirs.repository);
    const { text } = await ask(limitedCaller, path);
    expect(text).toContain('file-outlier');
    expect(text).not.toMatch(/comparedWith|repositoriesWith/);
  });

  it.each(methods)('refuse $method $path unless it holds within them', async ({ method, path, operation }) => {
    const route = `${method} ${path}`;
    const isTested = read.some((each) => each.path === path) || [...changes, ...byCode, ...ownViews].includes(route);
    if (isTested || /\/(?:stream|openapi\.json)$/.test(path)) return;
    const isAllowed = includesRole('responder', operation!.role as AccessRole);
    const { status, text } = await ask(limitedCaller, path.replaceAll(/\{\w+\}/g, uuidv7()), method.toUpperCase());
    expect([status, (JSON.parse(text) as { code: string }).code]).toEqual([
      403,
      isAllowed ? 'SCOPE_INSUFFICIENT' : 'ROLE_MISSING',
    ]);
  });

  it('keep changes within the scope', async () => {
    const bodies: Record<string, object> = {
      containment: {
        ...{ action: 'isolate', cluster: ours.cluster, reason: 'a miner' },
        subject: { kind: 'Deployment', namespace: ours.namespace, name: ours.workload },
      },
      assign: { assignee: null },
      snooze: { until: new Date(Date.now() + 3_600_000).toISOString() },
      comments: { comment: 'seen' },
      resolve: {},
    };
    for (const route of changes.filter((each) => each.includes('{id}'))) {
      const [method = '', path = ''] = route.split(' ');
      const body = method === 'post' ? bodies[path.split('/').at(-1)!] : undefined;
      const change = async (tenant: Tenant) =>
        ask(
          limitedCaller,
          pathsOf(path.replace('pushes/{id}', `pushes/${tenant.refused}`))[0]!(tenant),
          method.toUpperCase(),
          body,
        );
      await expectHidden(limitedCaller, change);
      expect([route, (await change(ours)).status]).toEqual([route, path.includes('retry') ? 202 : 200]);
    }
    const states = await store.query(
      `SELECT state FROM incident WHERE id = ANY($1::uuid[]) UNION SELECT state FROM push WHERE id = ANY($1::uuid[]) ORDER BY 1`,
      [[theirs.incident, theirs.refused]],
    );
    expect(states).toEqual([{ state: 'open' }, { state: 'refused' }]);
    const audited = JSON.parse((await ask('everything', '/api/v1/audit?q=action=incident.resolved')).text) as never;
    expect(audited).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ subject: ours.incident })]),
    });
  });

  it('name users without limits, with the same, and those who may see an incident', async () => {
    const scopes = (tenant: Tenant) => scopesOf(tenant)['repositories and namespaces'];
    const users = {
      anyone: null,
      teammate: scopes(ours),
      stranger: scopes(theirs),
      nearby: scopesOf(ours)['namespaces'],
    };
    for (const [name, limits] of Object.entries(users))
      await store.query(
        `INSERT INTO console_user (id, issuer, subject, name, assigned_role, assigned_scopes)
         VALUES (gen_random_uuid(), 'test', $1, $1, 'responder', $2::jsonb)`,
        [name, limits && JSON.stringify(limits)],
      );
    const named = async (caller: string, query = '') => {
      const { text } = await ask(caller, `/api/v1/assignees${query}`);
      return (JSON.parse(text) as { items: { name: string }[] }).items.map(({ name }) => name);
    };
    expect(await named('everything')).toEqual(['anyone', 'nearby', 'stranger', 'teammate']);
    expect(await named(limitedCaller)).toEqual(['anyone', 'teammate']);
    const seeing = await named(limitedCaller, `?incident=${ours.incident}`);
    expect(seeing).toEqual(expect.arrayContaining(['anyone', 'teammate']));
    expect(seeing).not.toContain('stranger');
    const assign = async (tenant: Tenant, assignee: string) => {
      const { status } = await ask(limitedCaller, `/api/v1/incidents/${tenant.incident}/assign`, 'POST', { assignee });
      return status;
    };
    expect(await assign(ours, 'teammate')).toBe(200);
    expect(await assign(ours, 'stranger')).toBe(400);
    expect(await assign(theirs, 'stranger')).toBe(404);
    await store.query('DELETE FROM console_user');
  });

  it('let gates decide about images of the scope alone', async () => {
    const gate = (tenant: Tenant) => ({ image: `registry.example.com/${tenant.repository}:${tenant.tag}` });
    const review = (tenant: Tenant) => ({
      ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
      request: { uid: 'u', operation: 'CREATE', object: { spec: { containers: [gate(tenant)] } } },
    });
    for (const [path, body] of [
      ['/api/v1/gate', gate],
      ['/admission/validate', review],
    ] as const) {
      // Verdicts are cached for other callers.
      await ask('everything', path, 'POST', body(theirs));
      await expectHidden(limitedCaller, async (tenant) => ask(limitedCaller, path, 'POST', body(tenant)));
    }
    expect((await ask(limitedCaller, '/api/v1/gate', 'POST', gate(ours))).status).toBe(200);
    const against = { ...gate(ours), against: gate(theirs).image };
    expect((await ask(limitedCaller, '/api/v1/gate', 'POST', against)).status).toBe(404);
  });

  it('leave events of others out of the stream', async () => {
    const bus = await Bus.connect('test', { natsUrl: new Secret(api.servers.nats.url) });
    const stream = new AbortController();
    const answer = await fetch(`${api.url}/api/v1/stream`, {
      headers: { authorization: `Bearer ${tokens.get(limitedCaller)!}` },
      signal: stream.signal,
    });
    let sent = '';
    const reading = (async () => {
      for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) sent += chunk;
    })().catch(() => undefined);
    const publish = async ({ type, channel }: Pick<EventType, 'type' | 'channel'>, subject: string, data: object) => {
      const id = uuidv7();
      const head = { specversion: '1.0' as const, id, source: '/tidewaiter/test', type, subject };
      const event = { ...head, time: new Date().toISOString(), datacontenttype: 'application/json' as const, data };
      await bus.publish(channel, event, id);
      return id;
    };
    const resolve = async ({ incident: incidentId }: Tenant) =>
      publish(incidentResolved, incidentId, { incidentId, revision: 2, severity: 'low' });
    // The name is the same in two registries: the push decides.
    const push = async ({ push: pushId }: Tenant) =>
      publish(imageFailed, 'shop/app:1', {
        ...{ pushId, connection: 'main', repository: 'shop/app', tag: '1', digest: null },
        ...{ outcome: 'refused', code: 'MANIFEST_UNKNOWN', reason: 'gone' },
      });
    const hidden = await Promise.all(Array.from({ length: 300 }, async () => resolve(theirs)));
    hidden.push(await push(theirs));
    const shownPush = await push(ours);
    const shown = await resolve(ours);
    for (let round = 0; round < 1_500 && !sent.includes(shown); round += 1) await sleep(20);
    stream.abort();
    await reading;
    await bus.onApplicationShutdown();
    expect(sent).toContain(`id: ${shown}\nevent: incident.resolved`);
    expect(sent).toContain(`id: ${shownPush}\nevent: image.failed\ndata: {"subject":"shop/app:1","time"`);
    expect(sent).not.toContain('reset');
    expect(hidden.filter((id) => sent.includes(id))).toEqual([]);
  });

  it('are shown to their caller, and end a session', async () => {
    const me = JSON.parse((await ask(limitedCaller, '/api/v1/me')).text) as object;
    expect(me).toMatchObject({ role: 'responder', scopes: scopesOf(ours)['repositories and namespaces'] });
    const opened = await fetch(`${api.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: tokens.get(limitedCaller) }),
    });
    const cookie = /^[^;]+/.exec(opened.headers.get('set-cookie') ?? '')![0];
    const inSession = async (method: string, path: string) =>
      fetch(`${api.url}/api/v1/${path}`, { method, headers: { cookie, 'x-tidewaiter-csrf': '1' } });
    expect(await (await inSession('GET', `pushes/${theirs.push}`)).text()).toContain('PUSH_UNKNOWN');
    expect((await inSession('GET', 'status')).status).toBe(403);
    expect((await inSession('DELETE', 'session')).status).toBe(200);
    expect((await inSession('GET', 'me')).status).toBe(401);
  });

  it('are given to service accounts by API, and not with every role', async () => {
    const scopes = [{ repositories: ['shop/*'] }];
    const account = { name: 'limited', role: 'viewer', scopes };
    const made = JSON.parse((await ask('everything', '/api/v1/service-accounts', 'POST', account)).text) as {
      id: string;
    };
    expect(made).toMatchObject({ scopes: [{ ...none, repositories: ['shop/*'] }] });
    const { text } = await ask('everything', `/api/v1/service-accounts/${made.id}/tokens`, 'POST', {});
    tokens.set('limited', (JSON.parse(text) as { token: string }).token);
    expect(JSON.parse((await ask('limited', '/api/v1/pushes')).text)).toMatchObject({ items: [] });
    for (const role of ['maintainer', 'admin']) {
      const answer = await ask('everything', '/api/v1/service-accounts', 'POST', { name: role, role, scopes });
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('ROLE_NOT_LIMITABLE')]);
    }
    for (const wrong of [[], [{ repositories: [''] }], [{ repository: ['x'] }], [{ owners: ['a\0'] }]]) {
      const body = { name: 'wrong', role: 'viewer', scopes: wrong };
      expect((await ask('everything', '/api/v1/service-accounts', 'POST', body)).status).toBe(400);
    }
  });
});
