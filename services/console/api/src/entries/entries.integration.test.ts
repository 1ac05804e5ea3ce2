import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { countBySeverity, type Digest, entryKinds, findingOf } from '@tidewaiter/domain';
import { Images, Pushes, Store } from '@tidewaiter/store';
import { entryKeyOfTests, startConsole, type TestConsole } from '@tidewaiter/testkit';

import { start } from '../main.js';

const settings = `
exceptions:
  - { name: known, repository: shop/*, finding: CVE-2026-2, reason: not reachable, owner: team-shop, until: 2999-01-31 }
  - { repository: shop/*, finding: CVE-2026-3, reason: later, owner: team-shop, until: 2026-01-31 }
registries:
  - { name: main, kind: harbor, url: 'https://registry.example.com', webhookSecret: secret-of-the-file }
`;
const digest: Digest = `sha256:${'a'.repeat(64)}`;
const pem = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8nXRh950IZbRj8Ra/N9sbqOPZrfM
5/KAQN0/KjHcorm/J5yctVd7iEcnessRQjU917hmKO6JWVGHpDguIyakZA==
-----END PUBLIC KEY-----
`;

let api: TestConsole;
let store: Store;
const tokens: Record<string, string> = {};

interface Answer {
  status: number;
  body: { code?: string; items: Record<string, unknown>[]; [more: string]: unknown };
}

async function call(method: string, path: string, body?: object, role = 'maintainer'): Promise<Answer> {
  const response = await fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens[role]}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const gate = async () => (await call('POST', 'gate', { image: `r.example.com/shop/cart@${digest}` })).body;

/** Asks until an answer is as expected, for as long as a change may take to be in effect. */
async function until<Value>(ask: () => Promise<Value>, isWanted: (value: Value) => boolean): Promise<Value> {
  for (const end = performance.now() + 20_000; ; await sleep(100)) {
    const value = await ask();
    if (isWanted(value) || performance.now() > end) return value;
  }
}

beforeAll(async () => {
  api = await startConsole(start, {
    environment: entryKeyOfTests,
    files: { 'tidewaiter.yaml': settings },
    before: async (data) => {
      store = data.store;
      for (const role of ['viewer', 'maintainer', 'admin'] as const)
        tokens[role] = await data.tokenOf(`ann-${role}`, role);
      await push();
    },
  });
});

afterAll(async () => api.stop());

/** Leaves what the scanner leaves of a push with one finding. */
async function push(): Promise<void> {
  const [pushes, images] = [new Pushes(store), new Images(store)];
  const findings = [
    findingOf({
      ...{ kind: 'vulnerability', id: 'CVE-2026-1', severity: 'critical', title: 'hole', fingerprint: 'f', layer: 0 },
      ...{ state: 'present', purl: 'pkg:deb/debian/openssl@3', packageName: 'openssl', evidence: {} },
    }),
  ];
  const about = { claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const [id = ''] = await store.transaction(async (tx) =>
    pushes.add(tx, [{ connection: 'main', repository: 'shop/cart', tag: '1', ...about }]),
  );
  const added = (await pushes.get(id))!;
  const image = {
    ...{ digest, mediaType: 'm', configDigest: digest, platform: 'linux/amd64', labels: {}, layers: [], findings },
    ...{ configVersion: 'c1', createdAt: '2026-03-01T00:00:00Z', baseCreatedAt: null, user: '' },
  };
  await store.transaction(async (tx) => {
    await images.add(tx, [image]);
    await pushes.resolved(tx, added, { digest, mediaType: 'm', registryHost: 'r.example.com', imageDigests: [digest] });
    await pushes.analyzed(tx, id, { verdict: 'fail', counts: countBySeverity(findings), warnings: [] });
  });
}

const exception = {
  ...{ repository: 'shop/*', finding: 'CVE-2026-1', reason: 'not reachable', owner: 'team-shop', until: '2999-12-31' },
};

describe('entries of the API', () => {
  it('list those of tidewaiter.yaml with their lines and without their secrets', async () => {
    const { body } = await call('GET', 'exceptions?count=true&sort=name', undefined, 'viewer');
    expect(body).toMatchObject({ total: { count: 2 } });
    expect(body.items).toMatchObject([
      {
        name: expect.stringMatching(/^cve-2026-3-[0-9a-f]{6}$/),
        source: 'file',
        line: 4,
        state: 'expired',
        version: null,
      },
      { name: 'known', source: 'file', line: 3, state: 'active', document: { finding: 'CVE-2026-2' } },
    ]);
    const registries = await call('GET', 'registries', undefined, 'viewer');
    expect(registries.body.items).toMatchObject([{ name: 'main', source: 'file', document: { kind: 'harbor' } }]);
    expect(JSON.stringify(registries.body)).not.toContain('secret-of-the-file');
  });

  it('change what a gate answers, and changes back after a deletion and its undo', async () => {
    expect(await gate()).toMatchObject({ result: 'fail' });
    const made = await call('POST', 'exceptions', { document: exception, comment: 'agreed on Monday' });
    expect(made).toMatchObject({ status: 200, body: { version: 1, author: 'ann-maintainer', source: 'managed' } });
    const name = made.body['name'] as string;
    expect(made.body['document']).toMatchObject({ ...exception, name, approver: 'ann-maintainer' });
    const passed = await until(gate, ({ result }) => result === 'pass');
    expect(passed).toMatchObject({
      result: 'pass',
      suppressed: [{ id: 'CVE-2026-1', by: { source: `exceptions/${name}`, author: 'team-shop' } }],
    });
    expect(await call('DELETE', `exceptions/${name}?version=1`)).toMatchObject({ status: 200, body: { version: 2 } });
    expect(await until(gate, ({ result }) => result === 'fail')).toMatchObject({ result: 'fail' });
    expect(await call('GET', `exceptions/${name}`)).toMatchObject({ status: 404, body: { code: 'ENTRY_UNKNOWN' } });
    expect(await call('POST', `exceptions/${name}/undo`, { version: 2 })).toMatchObject({ body: { version: 3 } });
    expect(await until(gate, ({ result }) => result === 'pass')).toMatchObject({ result: 'pass' });
    const { body } = await call('GET', `exceptions/${name}/versions`, undefined, 'viewer');
    expect(body.items).toMatchObject([
      { version: 3, isDeleted: false, comment: 'version 1 again' },
      { version: 2, isDeleted: true },
      { version: 1, isDeleted: false, comment: 'agreed on Monday' },
    ]);
  });

  it('refuse a change of a version that is no longer the newest', async () => {
    const { body } = await call('POST', 'exceptions', { document: { ...exception, name: 'twice', finding: 'CVE-1' } });
    expect(body).toMatchObject({ name: 'twice', version: 1 });
    const changed = { document: { ...exception, finding: 'CVE-2' }, version: 1 };
    expect(await call('PUT', 'exceptions/twice', changed)).toMatchObject({ status: 200, body: { version: 2 } });
    expect(await call('PUT', 'exceptions/twice', changed)).toMatchObject({
      status: 409,
      body: { code: 'ENTRY_CHANGED' },
    });
    expect(await call('POST', 'exceptions', { document: { ...exception, name: 'twice' } })).toMatchObject({
      status: 409,
      body: { code: 'ENTRY_EXISTS' },
    });
    expect(await call('POST', 'exceptions', { document: { ...exception, name: 'known' } })).toMatchObject({
      status: 409,
      body: { code: 'ENTRY_IN_FILE' },
    });
    expect(await call('PUT', 'exceptions/known', changed)).toMatchObject({
      status: 409,
      body: { code: 'ENTRY_IN_FILE' },
    });
    expect(await call('POST', 'exceptions/twice/undo', { version: 2, to: 9 })).toMatchObject({
      status: 404,
      body: { code: 'ENTRY_VERSION_UNKNOWN' },
    });
  });

  it.each<[string, object, string]>([
    ['exceptions', { ...exception, until: '31.12.2999' }, 'until: expected a day'],
    ['exceptions', { ...exception, until: '2020-01-31' }, 'until: is over already'],
    ['exceptions', { ...exception, reason: ' ' }, 'reason: expected a reason'],
    ['exceptions', { ...exception, paths: ['x'] }, 'paths: unknown key'],
    ['policies', { name: 'ours', file: '/etc/passwd' }, 'file: is for tidewaiter.yaml alone'],
    ['policies', { name: 'ours', source: 'rules: [{ expression: "nothing.here" }]' }, 'Unknown variable'],
    ['policies', { name: 'not-built-in' }, 'no policy not-built-in'],
    ['signers', { name: 'release', keyFile: '/etc/shadow' }, 'keyFile: is for tidewaiter.yaml alone'],
    ['signers', { name: 'release', key: 'no key' }, 'the key of release'],
    [
      'registries',
      { name: 'r', kind: 'harbor', url: 'https://h', webhookSecretFile: '/etc/shadow' },
      'management.filesDir',
    ],
    ['registries', { name: 'r', kind: 'harbor', url: 'https://user:pw@h' }, 'url: holds a user'],
    ['registries', { name: 'r', kind: 'harbor', url: 'http://10.0.0.1', allowPrivate: true }, 'allowPrivate'],
    ['sensors', { name: 's', kind: 'nonsense' }, 'kind: '],
    ['sensors', { kind: 'falco' }, 'name: '],
    ['reports', { name: 'r', schedule: 'yearly', receiver: 'team' }, 'schedule: expected daily'],
  ])('refuse a wrong document of %s: %j', async (kind, document, problem) => {
    const refused = await call('POST', kind, { document });
    expect(refused).toMatchObject({
      status: 400,
      body: { code: 'ENTRY_INVALID', title: expect.stringContaining(problem) },
    });
    const { body } = await call('POST', `${kind}/validate`, { document }, 'viewer');
    expect(body).toMatchObject({ isValid: false });
    expect((body['problems'] as string[]).join('\n')).toContain(problem);
  });

  it('accept policies and signers with their texts', async () => {
    const source = 'description: ours\nrules:\n  - expression: size(findings) < 100\n';
    const policy = { name: 'few', source, mode: 'warn', repositories: ['shop/*'] };
    expect(await call('POST', 'policies', { document: policy })).toMatchObject({ status: 200, body: { name: 'few' } });
    const answer = await until(gate, ({ policies }) => (policies as object[]).length > 0);
    expect(answer['policies']).toMatchObject([{ name: 'few', mode: 'warn', result: 'pass' }]);
    const signer = { name: 'release', key: pem, repositories: ['base/*'] };
    expect(await call('POST', 'signers', { document: signer })).toMatchObject({ status: 200 });
    expect((await call('GET', 'signers?q=repository=base/*')).body.items).toMatchObject([{ name: 'release' }]);
  });

  it('keep secrets, show none, and ask for them again when they would be sent elsewhere', async () => {
    const document = {
      ...{ name: 'hub', kind: 'harbor', url: 'https://hub.example.com', webhookSecret: 'hook-secret-1' },
      credentials: { username: 'scanner', password: 'pull-secret-1' },
    };
    const made = await call('POST', 'registries', { document });
    const secrets = ['webhookSecret', 'credentials.password'];
    expect(made).toMatchObject({ status: 200, body: { secrets, document: { credentials: { username: 'scanner' } } } });
    const shown = made.body['document'] as Record<string, unknown>;
    const renamed = { ...shown, credentials: { username: 'reader' } };
    const kept = await call('PUT', 'registries/hub', { document: renamed, version: 1 });
    expect(kept).toMatchObject({ status: 200, body: { version: 2, secrets } });
    const moved = { document: { ...renamed, url: 'https://attacker.example.com' }, version: 2 };
    expect(await call('PUT', 'registries/hub', moved)).toMatchObject({
      status: 400,
      body: { code: 'ENTRY_SECRET_MISSING', title: expect.stringContaining('credentials.password') },
    });
    const removed = await call('PUT', 'registries/hub', { document: { ...renamed, webhookSecret: null }, version: 2 });
    expect(removed.body).toMatchObject({ secrets: ['credentials.password'] });
    const everywhere = [
      await call('GET', 'registries'),
      await call('GET', 'registries/hub/versions'),
      await call('GET', 'audit', undefined, 'admin'),
      await store.query('SELECT * FROM managed_entry'),
    ];
    expect(JSON.stringify(everywhere)).not.toMatch(/hook-secret-1|pull-secret-1/);
  });

  it('are recorded in the audit log with their states before and after', async () => {
    const { body } = await call('GET', 'audit?q=subject=exceptions/twice&sort=number', undefined, 'admin');
    expect(body.items).toMatchObject([
      { action: 'entry.created', details: { before: null, after: { document: { finding: 'CVE-1' } } } },
      {
        action: 'entry.changed',
        details: { before: { document: { finding: 'CVE-1' } }, after: { document: { finding: 'CVE-2' } } },
      },
    ]);
  });

  it.each(entryKinds)('are changed by maintainers alone: %s', async (kind) => {
    expect(await call('POST', kind, { document: {} }, 'viewer')).toMatchObject({
      status: 403,
      body: { code: 'ROLE_MISSING' },
    });
  });

  it('are overridden by an entry of the file with their name, which is shown', async () => {
    const yaml = settings.replace(
      'registries:',
      `  - { name: twice, repository: base/*, finding: CVE-9, reason: x, owner: o, until: 2999-01-31 }\nregistries:`,
    );
    writeFileSync(join(api.folder, 'tidewaiter.yaml'), yaml);
    await api.reload();
    const { body } = await call('GET', 'exceptions?q=name=twice&sort=name');
    expect(body.items.map(({ source, state }) => [source, state])).toEqual([
      ['managed', 'overridden'],
      ['file', 'active'],
    ]);
    expect((await call('GET', 'status', undefined, 'viewer')).body).toMatchObject({ overridden: ['exceptions/twice'] });
    const { version } = body.items[0]!;
    const document = { ...exception, name: 'twice', finding: 'CVE-8' };
    expect(await call('PUT', 'exceptions/twice', { document, version })).toMatchObject({
      status: 200,
      body: { source: 'managed', state: 'overridden' },
    });
  });
});
