import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hubKeyText, type KubernetesObject, readLocalPolicy, signOrder } from '@tidewaiter/containment';
import { containmentActions, type ContainmentSubject, type JsonObject } from '@tidewaiter/domain';
import { containmentOrder } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { AgentConfig } from '../config.js';
import { KubernetesRefusal } from '../kubernetes/kubernetes-api.js';
import { ContainmentCluster } from './containment-cluster.js';
import { ContainmentJournal } from './containment-journal.js';
import { OrderExecution } from './order-execution.js';

const hub = generateKeyPairSync('ed25519').privateKey;
const { signal } = new AbortController();
const config = { ownNamespace: 'security' } as AgentConfig;
const deployment = '/apis/apps/v1/namespaces/shop/deployments/web';

const policyOf = (text: string) => readLocalPolicy(`hubKeys: [${hubKeyText(hub)}]\ndryRun: false\n${text}`);
const openPolicy = policyOf(`actions: [${containmentActions.join(', ')}]\nnamespaces: [shop]\nnodes: ['*']`);

/** Objects by path; a scale patch changes the replicas, a POST adds, a DELETE removes. */
class FakeApi {
  readonly objects = new Map<string, KubernetesObject>();
  readonly changes: string[] = [];
  /** Thrown before or after the change that has this number. */
  fault: { at: number; when: 'before' | 'after'; error: Error } | null = null;

  async request(path: string, { method = 'GET', body = '' }: { method?: string; body?: string | Buffer }) {
    const [plain = ''] = path.split('?');
    if (method === 'GET') return answer(this.#read(plain));
    const fault = this.fault?.at === this.changes.length ? this.fault : null;
    if (fault) this.fault = null;
    if (fault?.when === 'before') throw fault.error;
    this.#change(method, plain, JSON.parse(String(body)) as JsonObject);
    this.changes.push(`${method} ${plain}`);
    if (fault) throw fault.error;
    return answer({});
  }

  #read(path: string): object {
    const object = this.objects.get(path);
    if (object) return object;
    const below = [...this.objects].filter(([key]) => key.slice(0, key.lastIndexOf('/')) === path);
    if (/\/(?:pods|nodes|events|networkpolicies)$/.test(path)) return { items: below.map(([, each]) => each) };
    throw new KubernetesRefusal(404, 0);
  }

  #change(method: string, path: string, body: JsonObject): void {
    if (method === 'DELETE') return void this.objects.delete(path);
    if (method === 'POST') {
      const { name } = body['metadata'] as { name: string };
      return void this.objects.set(`${path}/${name}`, { ...body, metadata: { name, uid: randomUUID() } });
    }
    const object = this.objects.get(path.replace(/\/scale$/, ''));
    if (!object) throw new KubernetesRefusal(404, 0);
    for (const { op, path: at, value } of body as never as { op: string; path: string; value: never }[]) {
      const keys = at
        .split('/')
        .slice(1)
        .map((key) => key.replaceAll('~1', '/'));
      const parent = keys.slice(0, -1).reduce<Record<string, never>>((each, key) => each[key]!, object as never);
      const key = keys.at(-1)!;
      if (op === 'test' && parent[key] !== value) throw new KubernetesRefusal(422, 0);
      if (op === 'remove') delete parent[key];
      else if (op !== 'test') parent[key] = value;
    }
  }
}

const answer = (value: object) => ({ json: async () => value, discard: async () => undefined });

let folder: string;
let api: FakeApi;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'containment-'));
  api = new FakeApi();
  const selector = { matchLabels: { app: 'web' } };
  api.objects.set(deployment, {
    metadata: { name: 'web', namespace: 'shop', uid: 'u-web' },
    spec: { replicas: 3, selector },
  });
  api.objects.set('/api/v1/namespaces/shop/pods/web-1', {
    metadata: { name: 'web-1', uid: 'u-pod', labels: { app: 'web' } },
  });
  api.objects.set('/api/v1/namespaces/shop/serviceaccounts/web', { metadata: { name: 'web', uid: 'u-sa' } });
  for (const name of ['node-1', 'node-2', 'node-3'])
    api.objects.set(`/api/v1/nodes/${name}`, { metadata: { name, uid: name }, spec: {} });
});

afterEach(async () => rm(folder, { recursive: true }));

/** An agent as after a start: it knows what is on its disk. */
async function agent() {
  const journal = await ContainmentJournal.open(folder);
  const execution = new OrderExecution(config, journal, new ContainmentCluster(api as never));
  return { journal, execution };
}

function envelopeOf(changes: Parameters<typeof containmentOrder>[0] = {}, validMs = 600_000) {
  const now = Date.now();
  const times = { issuedAt: new Date(now).toISOString(), expiresAt: new Date(now + validMs).toISOString() };
  const order = containmentOrder({ id: randomUUID(), action: 'scale-to-zero', ...times, ...changes });
  return { order, envelope: signOrder(order, hub) };
}

async function run(changes: Parameters<typeof containmentOrder>[0] = {}, policy = openPolicy) {
  const { order, envelope } = envelopeOf(changes);
  const { journal, execution } = await agent();
  await execution.take(envelope, policy, 'eu1', signal);
  return journal.get(order.id)!;
}

const replicas = () => api.objects.get(deployment)!.spec?.['replicas'];
const pod: ContainmentSubject = { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'u-pod' };
const crash = (when: 'before' | 'after', at = 0) => ({ at, when, error: new Error('killed') });

describe('OrderExecution', () => {
  it('scales to zero, keeps evidence, and restores by an undo after a restart', async () => {
    const done = await run();
    expect(done).toMatchObject({ state: 'done', planned: { before: { replicas: 3 } }, isReported: false });
    expect(done.evidence?.pods).toMatchObject([{ name: 'web-1' }]);
    expect(replicas()).toBe(0);
    expect(await run({ undoes: done.id })).toMatchObject({ state: 'done' });
    expect(replicas()).toBe(3);
    expect(await run({ undoes: done.id })).toMatchObject({ state: 'refused', code: 'ALREADY_DONE' });
  });

  it('isolates a pod and takes both parts back', async () => {
    const done = await run({ action: 'isolate', subject: pod });
    expect(api.changes).toHaveLength(2);
    await run({ action: 'isolate', subject: pod, undoes: done.id });
    expect(api.objects.get('/api/v1/namespaces/shop/pods/web-1')!.metadata.labels).toEqual({ app: 'web' });
    expect([...api.objects.keys()].filter((path) => path.includes('networkpolicies'))).toEqual([]);
  });

  it('does an order once, however often the hub sends it', async () => {
    const { order, envelope } = envelopeOf();
    const { journal, execution } = await agent();
    await execution.take(envelope, openPolicy, 'eu1', signal);
    await journal.put({ ...journal.get(order.id)!, isReported: true });
    api.objects.get(deployment)!.spec!['replicas'] = 5;
    const restarted = await agent();
    await restarted.execution.take(envelope, openPolicy, 'eu1', signal);
    expect(replicas()).toBe(5);
    // The hub has lost the report.
    expect(restarted.journal.unreported.map(({ id }) => id)).toEqual([order.id]);
  });

  it.each(['before', 'after'] as const)('reports the truth when it is killed %s its call', async (when) => {
    const { order, envelope } = envelopeOf();
    api.fault = crash(when);
    await expect((await agent()).execution.take(envelope, openPolicy, 'eu1', signal)).rejects.toThrow('killed');
    const { journal, execution } = await agent();
    expect(journal.acting.map(({ id }) => id)).toEqual([order.id]);
    await execution.resume(journal.acting[0]!, signal);
    expect([journal.get(order.id)!.state, replicas(), api.changes.length]).toEqual(['done', 0, 1]);
  });

  it('never acts late: an order that was interrupted before its call expires', async () => {
    const { order, envelope } = envelopeOf({}, 1_000);
    api.fault = crash('before');
    await expect((await agent()).execution.take(envelope, openPolicy, 'eu1', signal)).rejects.toThrow('killed');
    const { journal, execution } = await agent();
    jest.useFakeTimers({ now: Date.now() + 1_000, doNotFake: ['nextTick', 'setImmediate'] });
    await execution.resume(journal.acting[0]!, signal).finally(() => jest.useRealTimers());
    expect([journal.get(order.id)!.code, replicas()]).toEqual(['ORDER_EXPIRED', 3]);
  });

  it('takes back a half whose time is over, and finishes one that cannot be taken back', async () => {
    for (const [action, subject, expected] of [
      ['isolate', pod, 'refused'],
      ['revoke-service-account-token', { kind: 'ServiceAccount', namespace: 'shop', name: 'web', uid: null }, 'done'],
    ] as const) {
      const { order, envelope } = envelopeOf({ action, subject }, 1_000);
      api.fault = crash('after', api.changes.length);
      await expect((await agent()).execution.take(envelope, openPolicy, 'eu1', signal)).rejects.toThrow('killed');
      const { journal, execution } = await agent();
      jest.useFakeTimers({ now: Date.now() + 1_000, doNotFake: ['nextTick', 'setImmediate'] });
      await execution.resume(journal.acting[0]!, signal).finally(() => jest.useRealTimers());
      expect([action, journal.get(order.id)!.state]).toEqual([action, expected]);
    }
    expect([...api.objects.keys()].some((path) => path.includes('networkpolicies'))).toBe(false);
    expect(api.objects.get('/api/v1/namespaces/shop/serviceaccounts/web')).toBeDefined();
  });

  it('takes back a half that the API server refuses to finish', async () => {
    api.fault = { at: 1, when: 'before', error: new KubernetesRefusal(403, 0) };
    expect(await run({ action: 'isolate', subject: pod })).toMatchObject({
      state: 'failed',
      code: 'KUBERNETES_REFUSED',
    });
    expect([...api.objects.keys()].some((path) => path.includes('networkpolicies'))).toBe(false);
  });

  it('only looks, for an order or a policy that only tries', async () => {
    expect(await run({ dryRun: true })).toMatchObject({ state: 'done', planned: { before: { replicas: 3 } } });
    const tries = readLocalPolicy(`hubKeys: [${hubKeyText(hub)}]\nactions: [scale-to-zero]\nnamespaces: [shop]`);
    expect(await run({}, tries)).toMatchObject({ state: 'refused', code: 'DRY_RUN_ONLY' });
    expect(api.changes).toEqual([]);
  });

  it('limits the orders of an hour, also over a restart', async () => {
    const two = policyOf('actions: [label]\nnamespaces: [shop]\nmaxPerHour: 2');
    const codes = [];
    for (const incident of ['INC-1', 'INC-2', 'INC-3'])
      codes.push((await run({ action: 'label', subject: pod, incident }, two)).code);
    expect(codes).toEqual([null, null, 'RATE_EXCEEDED']);
  });

  it('reports a refused order that it cannot read, and nothing about its contents', async () => {
    const { order, envelope } = envelopeOf();
    const { journal, execution } = await agent();
    const forged = { ...envelope, signatures: [{ ...envelope.signatures[0]!, sig: 'AAAA' }] };
    await execution.take(forged, openPolicy, 'eu1', signal);
    expect(journal.get(order.id)).toMatchObject({ order: null, state: 'refused', code: 'SIGNATURE_INVALID' });
    for (const wrong of [null, {}, { payload: 'x' }, 'text']) await execution.take(wrong, openPolicy, 'eu1', signal);
    expect(journal.unreported).toHaveLength(1);
  });

  it('does nothing that the local policy forbids, whatever a hub with the right key signs', async () => {
    const narrow = policyOf('actions: [label, isolate]\nnamespaces: [shop]\nmaxPerHour: 1000');
    const word = fc.constantFrom('shop', 'shop', 'shop', 'kube-system', 'security', 'tidewaiter', 'pay');
    const names = fc.constantFrom('web', 'web', 'web-1', 'web-1', 'node-1', '../secrets');
    const subject = fc.oneof(
      fc.record({
        kind: fc.constantFrom('Pod' as const, 'Deployment' as const, 'StatefulSet' as const, 'ServiceAccount' as const),
        namespace: word,
        name: names,
        uid: fc.constantFrom(null, null, 'u-web', 'other'),
      }),
      fc.record({
        kind: fc.constant('Node' as const),
        namespace: fc.constant(null),
        name: names,
        uid: fc.constant(null),
      }),
    );
    const undoes = fc.constantFrom(null, null, randomUUID());
    const { execution } = await agent();
    const action = fc.constantFrom(...containmentActions);
    await fc.assert(
      fc.asyncProperty(action, subject, undoes, async (...[chosen, about, undone]) => {
        const { envelope } = envelopeOf({ action: chosen, subject: about, undoes: undone });
        await execution.take(envelope, narrow, 'eu1', signal);
      }),
      // Chance alone may try nothing that is allowed.
      { numRuns: 500, examples: [['label', { kind: 'Deployment', namespace: 'shop', name: 'web', uid: null }, null]] },
    );
    const allowed =
      /^(?:PATCH \/api\/v1\/namespaces\/shop\/pods\/|PATCH \/apis\/apps\/v1\/namespaces\/shop\/deployments\/[^/]+$|POST \/apis\/networking\.k8s\.io\/v1\/namespaces\/shop\/networkpolicies$)/;
    expect(api.changes.length).toBeGreaterThan(0);
    expect(api.changes.filter((change) => !allowed.test(change))).toEqual([]);
  });
});
