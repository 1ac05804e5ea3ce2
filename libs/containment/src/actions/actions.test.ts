import { globSync } from 'node:fs';

import {
  type ContainmentAction,
  containmentActions,
  type ContainmentSubject,
  type JsonObject,
} from '@tidewaiter/domain';
import { containmentOrder } from '@tidewaiter/testkit';

import type { Observed, PlannedOrder } from '../action.js';
import type { KubernetesObject } from '../kubernetes.js';
import { planOrder } from '../plan-order.js';
import { isRefusal } from '../refusals.js';
import { actions } from './actions.js';

const uid = '11111111-2222-3333-4444-555555555555';

function subjectOf(kind: ContainmentSubject['kind']): ContainmentSubject {
  return { kind, namespace: kind === 'Node' ? null : 'shop', name: 'web', uid: null };
}

function object(changes: Partial<KubernetesObject['metadata']> = {}, spec: KubernetesObject['spec'] = {}) {
  return { metadata: { name: 'web', uid, ...changes }, spec } satisfies KubernetesObject;
}

const selector = { matchLabels: { app: 'web' } };
const template = { metadata: { labels: { app: 'web', tier: 'front' } }, spec: {} };

function plan(action: ContainmentAction, kind: ContainmentSubject['kind'], observed: Observed) {
  const order = containmentOrder({ action, subject: subjectOf(kind) });
  const planned = planOrder(order, observed);
  return isRefusal(planned) ? planned.refused : planned;
}

function planned(action: ContainmentAction, kind: ContainmentSubject['kind'], observed: Observed): PlannedOrder {
  const result = plan(action, kind, observed);
  if (typeof result === 'string') throw new Error(result);
  return result;
}

function undo(of: PlannedOrder, observed: Observed) {
  const calls = actions[of.order.action].undo!(of, observed);
  return isRefusal(calls) ? calls.refused : calls;
}

describe('actions', () => {
  it('has a file for each', () => {
    const files = globSync('*.ts', { cwd: __dirname }).filter((file) => !/^actions\.|\.test\.ts$/.test(file));
    expect(files.map((file) => file.replace(/\.ts$/, '')).toSorted()).toEqual([...containmentActions].toSorted());
    expect(Object.keys(actions)).toEqual(containmentActions);
  });

  it.each(containmentActions)(
    '%s refuses kinds that it is not for, an object that is gone, and a new one',
    (action) => {
      const [kind] = actions[action].kinds;
      const other = kind === 'ServiceAccount' ? 'Pod' : 'ServiceAccount';
      expect(plan(action, other, { subject: object() })).toBe('ACTION_UNSUITABLE');
      expect(plan(action, kind!, { subject: null })).toBe('SUBJECT_GONE');
      const order = containmentOrder({ action, subject: { ...subjectOf(kind!), uid: 'another' } });
      expect(planOrder(order, { subject: object() })).toMatchObject({ refused: 'SUBJECT_CHANGED' });
    },
  );

  it.each(containmentActions)('%s binds its calls to the object that was looked at', (action) => {
    const subject = object({}, { replicas: 2, selector, template });
    for (const { path, body, method } of planned(action, actions[action].kinds[0]!, { subject }).calls)
      if (method !== 'POST') expect([path, JSON.stringify(body)]).toEqual([path, expect.stringContaining(uid)]);
  });

  it.each(containmentActions)('%s calls only what its rights allow', (action) => {
    const { kinds, rights } = actions[action];
    for (const kind of kinds) {
      const subject = object({}, { replicas: 2, selector, template });
      const before = planned(action, kind, { subject });
      const done = {
        subject: object({ labels: labelsAfter(before) }, { ...subject.spec, replicas: 0, unschedulable: true }),
      };
      const undone =
        actions[action].undo === null ? [] : undo(before, { ...done, networkPolicies: policiesAfter(before) });
      expect(undone).toBeInstanceOf(Array);
      for (const call of [...before.calls, ...(undone as PlannedOrder['calls'])])
        expect([call.method, call.path, isAllowed(call, rights)]).toEqual([call.method, call.path, true]);
    }
  });
});

describe('label', () => {
  it('restores the value that was there', () => {
    const labels = { 'tidewaiter.dev/incident': 'INC-3', app: 'web' };
    const before = planned('label', 'Pod', { subject: object({ labels }) });
    const marked = object({ labels: { ...labels, 'tidewaiter.dev/incident': 'INC-7' } });
    expect(undo(before, { subject: marked })).toMatchObject([
      { body: [{ op: 'test' }, { op: 'add', path: '/metadata/labels/tidewaiter.dev~1incident', value: 'INC-3' }] },
    ]);
    expect(undo(before, { subject: object({ labels }) })).toBe('UNDO_CHANGED');
  });

  it('adds the map of labels to an object without one', () => {
    const { calls } = planned('label', 'Node', { subject: object() });
    expect(calls[0]!.body).toMatchObject([{ op: 'test' }, { path: '/metadata/labels', value: {} }, { value: 'INC-7' }]);
  });
});

describe('isolate', () => {
  it('selects a pod by its own label, and a workload by its selector', () => {
    const [policy, labeled] = planned('isolate', 'Pod', { subject: object() }).calls;
    const { id } = containmentOrder();
    expect(policy!.body).toMatchObject({
      spec: { podSelector: { matchLabels: { 'tidewaiter.dev/isolated': id } }, policyTypes: ['Ingress', 'Egress'] },
    });
    expect(labeled).toMatchObject({ method: 'PATCH', path: '/api/v1/namespaces/shop/pods/web' });
    const workload = planned('isolate', 'Deployment', { subject: object({}, { selector, template }) });
    expect(workload.calls).toMatchObject([{ method: 'POST', body: { spec: { podSelector: selector } } }]);
  });

  it('refuses pods to which NetworkPolicies do not apply', () => {
    expect(plan('isolate', 'Pod', { subject: object({}, { hostNetwork: true }) })).toBe('HOST_NETWORK');
    const subject = object({}, { selector, template: { ...template, spec: { hostNetwork: true } } });
    expect(plan('isolate', 'DaemonSet', { subject })).toBe('HOST_NETWORK');
  });

  it('never selects the whole namespace', () => {
    for (const empty of [{}, { matchLabels: {} }, { matchExpressions: [] }] as JsonObject[])
      expect(plan('isolate', 'Deployment', { subject: object({}, { selector: empty, template }) })).toBe(
        'ACTION_UNSUITABLE',
      );
  });

  it.each([
    ['allows traffic to its pods', { podSelector: selector, ingress: [{}] }, true],
    ['allows traffic from its pods', { podSelector: {}, egress: [{}] }, true],
    ['selects them by an expression', expression('tier', 'In', ['front', 'back']), true],
    ['denies', { podSelector: selector, policyTypes: ['Ingress'] }, false],
    ['selects other pods', { podSelector: { matchLabels: { app: 'db' } }, ingress: [{}] }, false],
    ['excludes them by an expression', expression('tier', 'DoesNotExist'), false],
  ])('notes a NetworkPolicy that %s', (_, spec, isNoted) => {
    const networkPolicies = [{ metadata: { name: 'other', uid: 'p' }, spec: spec as KubernetesObject['spec'] & {} }];
    const { notes } = planned('isolate', 'Deployment', {
      subject: object({}, { selector, template }),
      networkPolicies,
    });
    expect(notes.map(({ code }) => code)).toEqual(isNoted ? ['ALLOWED_BY_OTHERS'] : []);
  });

  it('is partly done with a policy and no label yet', () => {
    const before = planned('isolate', 'Pod', { subject: object() });
    const { progress } = actions.isolate;
    const networkPolicies = policiesAfter(before);
    expect(progress(before, { subject: object(), networkPolicies: [] })).toBe('none');
    expect(progress(before, { subject: object(), networkPolicies })).toBe('partly');
    const labels = labelsAfter(before);
    expect(progress(before, { subject: object({ labels }), networkPolicies })).toBe('done');
    expect(undo(before, { subject: null, networkPolicies })).toMatchObject([{ method: 'DELETE' }]);
  });
});

describe('scale-to-zero', () => {
  it('restores the number of replicas, unless it was scaled meanwhile', () => {
    const before = planned('scale-to-zero', 'Deployment', { subject: object({}, { replicas: 3 }) });
    expect(before.calls[0]!.path).toBe('/apis/apps/v1/namespaces/shop/deployments/web/scale');
    expect(undo(before, { subject: object({}, { replicas: 0 }) })).toMatchObject([
      { body: [{ op: 'test' }, { path: '/spec/replicas', value: 3 }] },
    ]);
    expect(undo(before, { subject: object({}, { replicas: 1 }) })).toBe('UNDO_CHANGED');
    expect(undo(before, { subject: object({ uid: 'another' }, { replicas: 0 }) })).toBe('SUBJECT_GONE');
  });

  it('refuses a ReplicaSet of a Deployment, which would scale it back', () => {
    const ownerReferences = [{ kind: 'Deployment', name: 'web', uid: 'd', controller: true }];
    expect(plan('scale-to-zero', 'ReplicaSet', { subject: object({ ownerReferences }, { replicas: 2 }) })).toBe(
      'CONTROLLED',
    );
  });
});

describe('delete-pod', () => {
  it('waits a few seconds at most, and notes a pod that will not come back', () => {
    const { calls, notes } = planned('delete-pod', 'Pod', {
      subject: object({}, { terminationGracePeriodSeconds: 600 }),
    });
    expect(calls).toMatchObject([{ body: { preconditions: { uid }, gracePeriodSeconds: 5 } }]);
    expect(notes).toMatchObject([{ code: 'NOT_RECREATED' }]);
  });

  it('refuses a static pod', () => {
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    expect(plan('delete-pod', 'Pod', { subject: object({ annotations }) })).toBe('STATIC_POD');
  });
});

describe('revoke-service-account-token', () => {
  it('creates the account again without its issued tokens', () => {
    const subject = {
      ...object({ labels: { team: 'shop' } }),
      secrets: [{ name: 'web-token-x7k2p' }, { name: 'registry' }],
      imagePullSecrets: [{ name: 'pull' }],
      automountServiceAccountToken: false,
    };
    const { calls } = planned('revoke-service-account-token', 'ServiceAccount', { subject });
    expect(calls.map(({ method }) => method)).toEqual(['DELETE', 'POST']);
    expect(calls[1]!.body).toEqual({
      ...{ apiVersion: 'v1', kind: 'ServiceAccount' },
      metadata: { name: 'web', labels: { team: 'shop' }, annotations: {} },
      ...{ secrets: [{ name: 'registry' }], imagePullSecrets: [{ name: 'pull' }], automountServiceAccountToken: false },
    });
  });

  it('is partly done while the account is missing', () => {
    const before = planned('revoke-service-account-token', 'ServiceAccount', { subject: object() });
    const { progress } = actions['revoke-service-account-token'];
    expect(progress(before, { subject: object() })).toBe('none');
    expect(progress(before, { subject: null })).toBe('partly');
    expect(progress(before, { subject: object({ uid: 'new' }) })).toBe('done');
  });
});

function expression(key: string, operator: string, values?: string[]) {
  return { podSelector: { matchExpressions: [{ key, operator, ...(values && { values }) }] }, ingress: [{}] };
}

function policiesAfter({ calls }: PlannedOrder): KubernetesObject[] {
  return calls
    .filter(({ path }) => path.endsWith('/networkpolicies'))
    .map(({ body }) => ({ metadata: { uid: 'p', ...(body as { metadata: { name: string } }).metadata } }));
}

/** Labels that the patches of a plan add. */
function labelsAfter({ calls }: PlannedOrder): Record<string, string> {
  const operations = calls.flatMap(({ method, body }) => (method === 'PATCH' ? (body as unknown[]) : []));
  return Object.fromEntries(
    (operations as { path: string; value: string }[])
      .filter(({ path }) => path.startsWith('/metadata/labels/'))
      .map(({ path, value }) => [path.slice('/metadata/labels/'.length).replaceAll('~1', '/'), value]),
  );
}

const verbs = { POST: 'create', PATCH: 'patch', DELETE: 'delete' } as const;

function isAllowed(
  { method, path }: PlannedOrder['calls'][number],
  rights: (typeof actions)['label']['rights'],
): boolean {
  const [, group = '', resource = '', subresource] =
    /^\/(?:api\/v1|apis\/([a-z0-9.]+)\/v1)(?:\/namespaces\/[^/]+)?\/([a-z]+)(?:\/[^/]+(?:\/([a-z]+))?)?$/.exec(path) ??
    [];
  const named = subresource === undefined ? resource : `${resource}/${subresource}`;
  return rights.some(
    (rule) => rule.apiGroup === group && rule.resource === named && rule.verbs.includes(verbs[method]),
  );
}
