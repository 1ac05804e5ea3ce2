import { countBySeverity, type Digest, findingOf } from '@tidewaiter/domain';
import { Images, Pushes, Store } from '@tidewaiter/store';
import { startConsole, type TestConsole } from '@tidewaiter/testkit';

import { start } from '../main.js';

const settings = `
policies:
  - { name: no-secrets, mode: enforce, repositories: [shop/*] }
  - { name: recent-base, mode: audit }
exceptions:
  - { repository: shop/*, finding: CVE-2026-2, reason: not reachable, owner: team-shop, until: 2999-01-31 }
  - { repository: shop/*, finding: CVE-2026-1, reason: later, owner: team-shop, until: 2026-01-31 }
vex: [cart.vex.json]
admission: { mode: enforce, unknown: deny, allowUnauthenticated: true }
`;
const vex = {
  '@context': 'https://openvex.dev/ns/v0.2.0',
  author: 'Ann',
  timestamp: '2026-01-01T00:00:00Z',
  statements: [
    {
      vulnerability: { name: 'CVE-2026-3' },
      products: [{ '@id': 'pkg:oci/cart', subcomponents: [{ '@id': 'pkg:deb/debian/openssl' }] }],
      status: 'not_affected',
      justification: 'vulnerable_code_not_present',
    },
  ],
};

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const hole = (
  id: string,
  severity: 'high' | 'low',
  published: string,
  kind: 'vulnerability' | 'secret' = 'vulnerability',
) =>
  findingOf({
    ...{ kind, id, severity, title: id, fingerprint: id, layer: 0, state: 'present' },
    purl: 'pkg:deb/debian/openssl@3?arch=amd64&distro=debian-12',
    packageName: 'openssl',
    evidence: { published },
  });
const [early, late] = ['2026-01-01T00:00:00Z', '2026-04-01T00:00:00Z'];

let api: TestConsole;
let store: Store;
let token: string;

async function gate(body: object): Promise<{ status: number; answer: Gate }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(`${api.url}/api/v1/gate`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, answer: (await response.json()) as Gate };
}

interface Gate {
  code?: string;
  result: string;
  reasons: string[];
  storedVerdict: string;
  findings: { id: string }[];
  suppressed: { id: string; by: object }[];
  policies: object[];
  warnings: { code: string; message: string }[];
  changes: Record<string, { id: string }[]>;
}

/** Leaves what a push leaves that the scanner has analyzed. */
async function push(
  digest: Digest,
  repository: string,
  tag: string,
  findings: ReturnType<typeof hole>[],
): Promise<string> {
  const [pushes, images] = [new Pushes(store), new Images(store)];
  const about = { claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const [id = ''] = await store.transaction(async (tx) =>
    pushes.add(tx, [{ connection: 'main', repository, tag, ...about }]),
  );
  const added = (await pushes.get(id))!;
  const image = {
    digest,
    mediaType: 'm',
    configDigest: digest,
    platform: 'linux/amd64',
    labels: {},
    layers: [],
    findings,
    configVersion: 'c1',
  };
  await store.transaction(async (tx) => {
    await images.add(tx, [{ ...image, createdAt: '2026-03-01T00:00:00Z', baseCreatedAt: null, user: '' }]);
    await pushes.resolved(tx, added, { digest, mediaType: 'm', registryHost: 'r.example.com', imageDigests: [digest] });
    await pushes.analyzed(tx, id, { verdict: 'fail', counts: countBySeverity(findings), warnings: [] });
  });
  return id;
}

beforeAll(async () => {
  api = await startConsole(start, { files: { 'tidewaiter.yaml': settings, 'cart.vex.json': JSON.stringify(vex) } });
  store = api.store;
  token = await api.tokenOf('bootstrap', 'admin');
  await push(digestOf('a'), 'shop/cart', '1', [hole('CVE-2026-1', 'high', early), hole('CVE-2026-5', 'high', late)]);
  await push(digestOf('b'), 'shop/cart', '2', [
    hole('CVE-2026-1', 'high', early),
    hole('CVE-2026-2', 'high', early),
    hole('CVE-2026-3', 'high', early),
    hole('CVE-2026-4', 'low', early),
    hole('CVE-2026-5', 'high', late),
  ]);
  await push(digestOf('c'), 'shop/clean', '1', []);
  await push(digestOf('d'), 'shop/leaky', '1', [hole('aws-access-key-id', 'low', early, 'secret')]);
});

afterAll(async () => api.stop());

describe('the gate', () => {
  it('separates findings of the change from those published meanwhile, and names the author of each suppression', async () => {
    const { status, answer } = await gate({
      image: 'r.example.com/shop/cart:2',
      against: 'r.example.com/shop/cart:1',
      failOn: 'new:high',
    });
    expect(status).toBe(200);
    expect(answer).toMatchObject({
      result: 'pass',
      storedVerdict: 'fail',
      changes: {
        introduced: [{ id: 'CVE-2026-4' }],
        newlyPublished: [{ id: 'CVE-2026-5' }],
        unchanged: [{ id: 'CVE-2026-1' }],
        resolved: [],
      },
      policies: [
        { name: 'no-secrets', mode: 'enforce', result: 'pass' },
        { name: 'recent-base', mode: 'audit', result: 'unknown' },
      ],
    });
    expect(answer.suppressed.map(({ id, by }) => ({ id, ...by }))).toMatchObject([
      {
        id: 'CVE-2026-2',
        kind: 'exception',
        author: 'team-shop',
        source: 'exceptions[0]',
        until: '2999-01-31T23:59:59.999Z',
      },
      { id: 'CVE-2026-3', kind: 'vex', author: 'Ann', source: 'cart.vex.json' },
    ]);
    expect(answer.warnings).toMatchObject([
      { code: 'EXCEPTION_EXPIRED', message: expect.stringContaining('CVE-2026-1') as string },
    ]);
  });

  it.each([
    [
      { image: 'r.example.com/shop/cart:2', failOn: 'high' },
      'fail',
      '2 findings are high or worse, in all: CVE-2026-1, CVE-2026-5',
    ],
    [{ image: `r.example.com/shop/cart@${digestOf('b')}` }, 'fail', '2 findings are high or worse'],
    [{ image: 'r.example.com/shop/clean:1' }, 'pass', undefined],
    [{ image: 'r.example.com/shop/leaky:1' }, 'fail', 'no-secrets: 1 secret in the image: aws-access-key-id'],
    [{ image: 'elsewhere.example.com/shop/clean:1' }, 'pass', undefined],
  ])('%j: %s', async (body, result, reason) => {
    const { answer } = await gate(body);
    expect([answer.result, answer.reasons[0]]).toEqual([result, reason]);
  });

  it('does not apply an exception of one repository to another', async () => {
    const { answer } = await gate({ image: `r.example.com/bank/cart@${digestOf('b')}` });
    expect(answer.suppressed.map(({ id }) => id)).toEqual(['CVE-2026-3']);
  });

  it.each([
    [{ image: 'r.example.com/shop/none:1' }, 404, 'IMAGE_UNKNOWN'],
    [{ image: 'Not An Image!' }, 400, 'REFERENCE_INVALID'],
    [{ image: 'a', failOn: 'awful' }, 400, 'INPUT_INVALID'],
    [{}, 400, 'INPUT_INVALID'],
  ])('answers %j with %i %s', async (body, status, code) => {
    const refused = await gate(body);
    expect([refused.status, refused.answer.code]).toEqual([status, code]);
  });

  it('does not use the verdict of an earlier digest of the tag', async () => {
    const about = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
    const newest = { connection: 'main', repository: 'shop/moved', tag: '1', ...about };
    await push(digestOf('e'), 'shop/moved', '1', []);
    await store.transaction(async (tx) => new Pushes(store).add(tx, [newest]));
    expect(await gate({ image: 'r.example.com/shop/moved:1' })).toMatchObject({
      status: 503,
      answer: { code: 'VERDICT_PENDING' },
    });
  });
});

it('finds the pushes that were evaluated by other rules', async () => {
  const outdated = async (rulesVersion: string) =>
    store.transaction(async (tx) =>
      new Pushes(store).outdated(
        tx,
        { imageVersion: 'v1', configVersion: 'c1', rulesVersion, analyzersVersion: 'v1', reader: '' },
        100,
      ),
    );
  expect(await outdated('')).toEqual([]);
  expect(await outdated('a')).toHaveLength(5);
});

it('shows the suppressed findings of a push', async () => {
  const [{ id } = { id: '' }] = await store.query<{ id: string }>(
    `SELECT id FROM push WHERE repository = 'shop/cart' AND tag = '2'`,
  );
  const response = await fetch(`${api.url}/api/v1/pushes/${id}`, { headers: { authorization: `Bearer ${token}` } });
  expect(await response.json()).toMatchObject({
    suppressed: [{ id: 'CVE-2026-2' }, { id: 'CVE-2026-3' }],
    policies: [{}, {}],
    result: 'fail',
    reasons: expect.any(Array) as unknown,
  });
});

describe('admission', () => {
  const review = (image: string, request: object = {}) => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'u-1',
      operation: 'CREATE',
      namespace: 'shop',
      object: { spec: { containers: [{ image }] } },
      ...request,
    },
  });
  const ask = async (body: object) =>
    fetch(`${api.url}/admission/validate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const responseOf = async (body: object) => ((await (await ask(body)).json()) as { response: object }).response;

  it.each([
    ['r.example.com/shop/clean:1', { allowed: true }],
    [
      'r.example.com/shop/cart:2',
      { allowed: false, status: { code: 403, message: expect.stringContaining('high or worse') as string } },
    ],
    [
      'r.example.com/shop/none:1',
      { allowed: false, status: { message: expect.stringContaining('no image') as string } },
    ],
    ['Not An Image!', { allowed: false }],
  ])('%s', async (image, response) => {
    expect(await responseOf(review(image))).toMatchObject({ uid: 'u-1', ...response });
  });

  it('denies a refused image in the largest object that Kubernetes stores', async () => {
    // 1.5 MiB in etcd; JSON writes six bytes for each of these.
    const env = [{ name: 'PADDING', value: '<'.repeat(1_500_000) }];
    const padded = review('r.example.com/shop/cart:2', {
      object: { spec: { containers: [{ image: 'r.example.com/shop/cart:2', env }] } },
    });
    const body = JSON.stringify(padded).replaceAll('<', '\\u003c');
    expect(body.length).toBeGreaterThan(9_000_000);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${api.url}/admission/validate`, { method: 'POST', headers, body });
    expect(await answer.json()).toMatchObject({ response: { allowed: false } });
  });

  it('allows every pod of an exempt namespace', async () => {
    expect(await responseOf(review('r.example.com/shop/none:1', { namespace: 'kube-system' }))).toEqual({
      uid: 'u-1',
      allowed: true,
    });
  });

  it('counts its answers', async () => {
    const metrics = await (await fetch(`${api.url}/metrics`)).text();
    expect(metrics).toMatch(/tidewaiter_console_admission_answers_total\{outcome="denied",service="console"\} [1-9]/);
    expect(metrics).toMatch(/tidewaiter_console_admission_images_total\{result="unknown",service="console"\} [1-9]/);
  });

  it('rejects a body that is not an AdmissionReview', async () => {
    expect((await ask({ kind: 'AdmissionReview' })).status).toBe(400);
  });
});
