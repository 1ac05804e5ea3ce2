import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import {
  type AccessRule,
  actions,
  hubKeyText,
  type KubernetesObject,
  readLocalPolicy,
  signOrder,
} from '@tidewaiter/containment';
import { containmentActions, type ContainmentSubject } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import { containmentOrder, describeWith, programs, sharedData } from '@tidewaiter/testkit';

import type { AgentConfig } from '../config.js';
import { KubernetesApi } from '../kubernetes/kubernetes-api.js';
import { ContainmentCluster } from './containment-cluster.js';
import { ContainmentJournal } from './containment-journal.js';
import { OrderExecution } from './order-execution.js';

const run = promisify(execFile);
const kube = sharedData('kube/start.sh');
const hub = generateKeyPairSync('ed25519').privateKey;
const { signal } = new AbortController();
const slowMs = 300_000;
const policy = readLocalPolicy(`hubKeys: [${hubKeyText(hub)}]
dryRun: false
actions: [${containmentActions.join(', ')}]
namespaces: [shop]
nodes: ['*']
keepSchedulableNodes: 1`);

const labels = { app: 'web' };
const deployment = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
  spec: {
    ...{ replicas: 2, selector: { matchLabels: labels } },
    template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'localhost/web:1' }] } },
  },
};

describeWith(kube, programs('etcd', 'zstd', 'python3'))('OrderExecution at an API server', () => {
  let folder: string;
  let admin: KubernetesApi;
  let egress: Egress;
  let execution: OrderExecution;
  let journal: ContainmentJournal;

  const get = async (path: string) => (await (await admin.request(path, {})).json(2 ** 20)) as KubernetesObject;
  const list = async (path: string) => ((await get(path)) as never as { items: KubernetesObject[] }).items;
  const create = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    await (await admin.request(path, { method: 'POST', headers, body: JSON.stringify(body) })).discard();
  };

  async function until<Result>(what: string, look: () => Promise<Result | null | false>): Promise<Result> {
    for (const deadline = Date.now() + slowMs / 2; Date.now() < deadline; await sleep(200)) {
      const found = await look().catch(() => null);
      if (found) return found;
    }
    throw new Error(`no ${what}`);
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidewaiter-containment-'));
    const { NODE: _, ...environment } = process.env;
    const options = { CONTROLLERS: '1', USERS: 'agent-token,agent,9,"agents"' };
    await run(kube.path, ['up', join(folder, 'kube')], { env: { ...environment, ...options } });
    const conf = readFileSync(join(folder, 'kube', 'admin.conf'), 'utf8');
    const [, kubernetesUrl = ''] = /server: "([^"]+)"/.exec(conf) ?? [];
    const [, token = ''] = /token: ([0-9a-f]+)/.exec(conf) ?? [];
    egress = new Egress({ allow: [] });
    const apiOf = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      const files = { kubernetesCaFile: join(folder, 'kube', 'ca.crt'), kubernetesTokenFile: join(folder, name) };
      return new KubernetesApi({ kubernetesUrl, ...files } as AgentConfig, egress);
    };
    admin = apiOf('admin', token);
    journal = await ContainmentJournal.open(folder);
    const config = { ownNamespace: 'security' } as AgentConfig;
    execution = new OrderExecution(config, journal, new ContainmentCluster(apiOf('agent', 'agent-token')));
    await create('/api/v1/namespaces', { metadata: { name: 'shop' } });
    await create('/apis/apps/v1/namespaces/shop/deployments', deployment);
    for (const name of ['node-1', 'node-2']) await create('/api/v1/nodes', { metadata: { name } });
    await create('/api/v1/namespaces/shop/serviceaccounts', { metadata: { name: 'web', labels: { team: 'shop' } } });
    await grant();
  }, slowMs);

  afterAll(async () => {
    await egress.close();
    await run(kube.path, ['down', join(folder, 'kube')]);
    rmSync(folder, { recursive: true, force: true });
  }, slowMs);

  /** Gives the agent the rights that the actions name, and those to read evidence. */
  async function grant(): Promise<void> {
    const evidence: AccessRule[] = ['pods', 'events'].map((resource) => ({ apiGroup: '', resource, verbs: ['list'] }));
    const rules = [...Object.values(actions).flatMap(({ rights }) => rights), ...evidence].map(
      ({ apiGroup, resource, verbs }) => ({ apiGroups: [apiGroup], resources: [resource], verbs }),
    );
    const path = '/apis/rbac.authorization.k8s.io/v1';
    await create(`${path}/clusterroles`, { metadata: { name: 'agent' }, rules });
    await create(`${path}/clusterrolebindings`, {
      metadata: { name: 'agent' },
      subjects: [{ kind: 'User', name: 'agent', apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { kind: 'ClusterRole', name: 'agent', apiGroup: 'rbac.authorization.k8s.io' },
    });
  }

  async function order(changes: Parameters<typeof containmentOrder>[0]) {
    const now = Date.now();
    const times = { issuedAt: new Date(now).toISOString(), expiresAt: new Date(now + 600_000).toISOString() };
    const signed = containmentOrder({ id: randomUUID(), ...times, ...changes });
    await execution.take(signOrder(signed, hub), policy, 'eu1', signal);
    return journal.get(signed.id)!;
  }

  const web: ContainmentSubject = { kind: 'Deployment', namespace: 'shop', name: 'web', uid: null };
  const node: ContainmentSubject = { kind: 'Node', namespace: null, name: 'node-1', uid: null };
  const policiesPath = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies';
  const podsPath = '/api/v1/namespaces/shop/pods';

  const aPod = async (): Promise<ContainmentSubject> => {
    const pods = await until('pods', async () => {
      const found = await list(podsPath);
      return found.length >= 2 && found;
    });
    const { name, uid } = pods[0]!.metadata;
    return { kind: 'Pod', namespace: 'shop', name, uid };
  };

  it.each(['Deployment', 'Pod'] as const)(
    'isolates a %s and takes it back',
    async (kind) => {
      const subject = kind === 'Pod' ? await aPod() : web;
      const done = await order({ action: 'isolate', subject });
      expect(done).toMatchObject({ state: 'done', code: null });
      expect(await list(policiesPath)).toMatchObject([{ spec: { policyTypes: ['Ingress', 'Egress'] } }]);
      expect(await order({ action: 'isolate', subject, undoes: done.id })).toMatchObject({ state: 'done' });
      expect(await list(policiesPath)).toEqual([]);
      if (kind === 'Pod') expect((await get(`${podsPath}/${subject.name}`)).metadata.labels).toMatchObject(labels);
    },
    slowMs,
  );

  it(
    'scales a Deployment to zero and restores it',
    async () => {
      const done = await order({ action: 'scale-to-zero', subject: web });
      expect(done).toMatchObject({ state: 'done', planned: { before: { replicas: 2 } } });
      expect(done.evidence?.pods).toHaveLength(2);
      await until('end of the pods', async () => (await list(podsPath)).length === 0);
      expect(await order({ action: 'scale-to-zero', subject: web, undoes: done.id })).toMatchObject({ state: 'done' });
      await aPod();
    },
    slowMs,
  );

  it(
    'deletes the pod that was looked at, and no other of its name',
    async () => {
      const pod = await aPod();
      expect(await order({ action: 'delete-pod', subject: { ...pod, uid: 'another' } })).toMatchObject({
        code: 'SUBJECT_CHANGED',
      });
      expect(await order({ action: 'delete-pod', subject: pod })).toMatchObject({ state: 'done' });
      await until('successor', async () => (await list(podsPath)).every(({ metadata }) => metadata.uid !== pod.uid));
    },
    slowMs,
  );

  it(
    'cordons a node and takes it back, and keeps the last one schedulable',
    async () => {
      const done = await order({ action: 'cordon-node', subject: node });
      expect(done).toMatchObject({ state: 'done' });
      expect((await get('/api/v1/nodes/node-1')).spec).toMatchObject({ unschedulable: true });
      const last = { ...node, name: 'node-2' };
      expect(await order({ action: 'cordon-node', subject: last })).toMatchObject({ code: 'NODES_EXHAUSTED' });
      await order({ action: 'cordon-node', subject: node, undoes: done.id });
      expect((await get('/api/v1/nodes/node-1')).spec).not.toHaveProperty('unschedulable');
    },
    slowMs,
  );

  it(
    'labels a workload and takes it back',
    async () => {
      const done = await order({ action: 'label', subject: web });
      const label = async () => (await get('/apis/apps/v1/namespaces/shop/deployments/web')).metadata.labels;
      expect(await label()).toEqual({ 'tidewaiter.dev/incident': 'INC-7' });
      await order({ action: 'label', subject: web, undoes: done.id });
      expect(await label()).toBeUndefined();
    },
    slowMs,
  );

  it(
    'ends the tokens of a ServiceAccount, which keeps its labels',
    async () => {
      const path = '/api/v1/namespaces/shop/serviceaccounts/web';
      const headers = { 'content-type': 'application/json' };
      const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
      const issued = await admin.request(`${path}/token`, { method: 'POST', headers, body: JSON.stringify(asked) });
      const { token } = ((await issued.json(2 ** 20)) as { status: { token: string } }).status;
      const review = async () => {
        const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
        const answer = await admin.request('/apis/authentication.k8s.io/v1/tokenreviews', {
          ...{ method: 'POST', headers, body: JSON.stringify(body) },
        });
        return ((await answer.json(2 ** 20)) as { status: { authenticated?: boolean } }).status.authenticated ?? false;
      };
      expect(await review()).toBe(true);
      const subject: ContainmentSubject = { kind: 'ServiceAccount', namespace: 'shop', name: 'web', uid: null };
      expect(await order({ action: 'revoke-service-account-token', subject })).toMatchObject({ state: 'done' });
      // The API server caches accepted tokens for ten seconds.
      await until('refusal of the token', async () => !(await review()));
      expect((await get(path)).metadata.labels).toEqual({ team: 'shop' });
    },
    slowMs,
  );
});
