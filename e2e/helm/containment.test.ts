import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { hubKeyText } from '@tidewaiter/containment';
import { freePort } from '@tidewaiter/servers';
import { describeWith, type HttpSink, webhookSink } from '@tidewaiter/testkit';

import { makeHome, removeFolders, startTidewaiter, temporaryFolder, type Tidewaiter, until } from '../tidewaiter.js';
import { type Cluster, nodeNeeds, slowMs, startCluster } from './kubernetes.js';
import { busyboxImage, loadImage, ownImage } from './node-images.js';

const signingKey = generateKeyPairSync('ed25519').privateKey;
const sensorToken = 'sensor-token-of-the-test';
const agentUrl = 'http://127.0.0.1:7075';

interface Order {
  id: string;
  state: string;
  code: string | null;
}

interface OrderDetail extends Order {
  author: string;
  evidence: { object: { spec: object }; images: string[]; pods: { name: string; images: string[] }[] } | null;
  transitions: { state: string; actor: string | null }[];
}

/** The parts of a pod that the tests look at. */
interface Pod {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  spec: { containers: { env?: object[] }[] };
  status: { phase: string; containerStatuses?: { containerID: string; imageID: string; ready: boolean }[] };
}

describeWith(...nodeNeeds)('Containment on a node', () => {
  let cluster: Cluster | undefined;
  let hub: Tidewaiter | undefined;
  let sink: HttpSink | undefined;
  let web: Pod;
  /** Flags of commands that call the API, as an administrator. */
  let server: string[];

  beforeAll(async () => {
    const [image, busybox] = await Promise.all([
      ownImage('localhost/tidewaiter:test'),
      busyboxImage('localhost/web:1'),
    ]);
    sink = await webhookSink();
    hub = await startTidewaiter(hubHome(sink.url), await freePort());
    const tokenFile = join(temporaryFolder(), 'token');
    writeFileSync(tokenFile, (await hub.command('tokens', 'create', 'test', '--role', 'admin')).stdout.trim());
    server = ['--server', hub.consoleUrl, '--token-file', tokenFile];
    cluster = await startCluster({ NODE: '1', CONTROLLERS: '1' });
    await loadImage(cluster, image);
    await loadImage(cluster, busybox);
    for (const namespace of ['shop', 'bank']) await startDeployment(namespace);
    const joined = await hub.command('clusters', 'join', 'eu1');
    const values = join(temporaryFolder(), 'values.json');
    writeFileSync(values, JSON.stringify(agentValues(hub.ingestUrl, joined.stdout.trim(), await serverUrl())));
    await cluster.helm('install', 'agent', '.', '-n', 'security', '--create-namespace', '-f', values);
    web = await runningPod('shop');
    await Promise.all([attack('shop', web), attack('bank', await runningPod('bank'))]);
    // The ledger knows its node once the hub has the list of pods.
    await until('offers', async () => (await cli('offers', await incidentOf('shop'))).includes('cordon-node'), slowMs);
  }, 3 * slowMs);

  afterAll(async () => {
    // Containers outlive the kubelet.
    await cluster?.helm('uninstall', 'agent', '-n', 'security', '--wait').catch(() => undefined);
    await cluster?.kubectl('delete', 'namespace', 'shop', 'bank', '--timeout=60s').catch(() => undefined);
    await cluster?.stop();
    await hub?.stop();
    await sink?.stop();
    await removeFolders();
  }, slowMs);

  const serverUrl = async (): Promise<string> =>
    cluster!.kubectl('config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}');

  async function startDeployment(namespace: string): Promise<void> {
    await cluster!.kubectl('create', 'namespace', namespace);
    const labels = { app: 'web' };
    const container = {
      ...{ name: 'web', image: 'localhost/web:1', imagePullPolicy: 'Never' },
      env: [{ name: 'PASSWORD', value: 'value-of-the-variable' }],
    };
    const template = { metadata: { labels }, spec: { terminationGracePeriodSeconds: 1, containers: [container] } };
    const file = join(temporaryFolder(), 'deployment.json');
    writeFileSync(
      file,
      JSON.stringify({
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace } },
        spec: { replicas: 1, selector: { matchLabels: labels }, template },
      }),
    );
    await cluster!.kubectl('apply', '-f', file);
  }

  async function podsOf(namespace: string): Promise<Pod[]> {
    return (JSON.parse(await cluster!.kubectl('-n', namespace, 'get', 'pods', '-o', 'json')) as { items: Pod[] }).items;
  }

  /** The one pod of a namespace that runs; not the one of that uid. */
  async function runningPod(namespace: string, before = ''): Promise<Pod> {
    let found: Pod | undefined;
    await until(
      `a pod of ${namespace}`,
      async () => {
        found = (await podsOf(namespace)).find(
          ({ metadata, status }) =>
            metadata.uid !== before && !metadata.deletionTimestamp && status.containerStatuses?.[0]?.ready === true,
        );
        return found !== undefined;
      },
      slowMs,
    );
    return found!;
  }

  /** Sends an alert of Falco to the agent, as the pod of its node would cause it. */
  async function attack(namespace: string, pod: Pod): Promise<void> {
    await until(
      'the agent',
      async () => {
        const answer = await fetch(`${agentUrl}/events/falco`, {
          method: 'POST',
          headers: { authorization: `Bearer ${sensorToken}` },
          body: JSON.stringify(shellEvent(namespace, pod)),
        }).catch(() => null);
        return answer?.status === 202;
      },
      slowMs,
    );
  }

  async function incidentOf(namespace: string): Promise<string> {
    const of = async () => {
      const { items } = await hub!.api<{ items: { number: number; namespace: string | null }[] }>('/incidents');
      return items.find((incident) => incident.namespace === namespace);
    };
    await until(`an incident of ${namespace}`, async () => (await of()) !== undefined, slowMs);
    return `INC-${(await of())!.number}`;
  }

  async function cli(...args: string[]): Promise<string> {
    const { stdout, stderr } = await hub!.command('containment', ...args, ...server);
    return stdout + stderr;
  }

  /** Waits until the agent has ended the order that a command printed. */
  async function ended(printed: string): Promise<OrderDetail> {
    const [, id = ''] = /^([0-9a-f-]{36}) /m.exec(printed) ?? [];
    const get = async () => hub!.api<OrderDetail>(`/containment/${id}`);
    await until('the end of the order', async () => !['ordered', 'accepted'].includes((await get()).state), slowMs);
    return get();
  }

  const order = async (incident: string, action: string, object: string): Promise<OrderDetail> =>
    ended(await cli('order', incident, '--action', action, '--object', object, '--reason', 'a miner runs in it'));

  const undo = async ({ id }: OrderDetail): Promise<OrderDetail> => {
    const listed = async () => JSON.parse(await cli('list', '-o', 'json')) as (Order & { undoes: string | null })[];
    await cli('undo', id, '--reason', 'false alarm');
    const made = (await listed()).find(({ undoes }) => undoes === id)!;
    return ended(`${made.id} `);
  };

  const policies = async (): Promise<string> => cluster!.kubectl('-n', 'shop', 'get', 'networkpolicies', '-o', 'name');

  it(
    'isolates the pods of a Deployment, and keeps evidence of them',
    async () => {
      const incident = await incidentOf('shop');
      const isolated = await order(incident, 'isolate', 'Deployment/shop/web');
      expect([isolated.state, isolated.code]).toEqual(['done', null]);
      const { items } = JSON.parse(await cluster!.kubectl('-n', 'shop', 'get', 'networkpolicies', '-o', 'json')) as {
        items: { spec: object }[];
      };
      expect(items.map(({ spec }) => spec)).toEqual([
        { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress', 'Egress'] },
      ]);
      const { containerID, imageID } = web.status.containerStatuses![0]!;
      expect(containerID).toMatch(/^containerd:/);
      expect(isolated.evidence?.images).toEqual([`web: ${imageID}`]);
      expect(isolated.evidence?.pods.map(({ name }) => name)).toEqual([web.metadata.name]);
      expect(JSON.stringify(isolated.evidence)).not.toContain('value-of-the-variable');
      expect(isolated.transitions.map(({ state, actor }) => `${state} ${actor}`)).toEqual([
        'ordered test',
        'done agent:eu1',
      ]);
      expect((await undo(isolated)).state).toBe('done');
      expect(await policies()).toBe('');
      expect((await hub!.api<Order>(`/containment/${isolated.id}`)).state).toBe('undone');
    },
    slowMs,
  );

  it(
    'deletes the attacked pod, which the cluster replaces',
    async () => {
      const deleted = await order(await incidentOf('shop'), 'delete-pod', `Pod/shop/${web.metadata.name}`);
      expect(deleted.state).toBe('done');
      const next = await runningPod('shop', web.metadata.uid);
      await until('its end', async () => (await podsOf('shop')).length === 1, slowMs);
      expect(next.metadata.name).not.toBe(web.metadata.name);
      expect(deleted.evidence?.images).toEqual([`web: ${web.status.containerStatuses![0]!.imageID}`]);
      expect(await undo(deleted)).toMatchObject({ state: 'refused', code: 'NOT_UNDOABLE' });
    },
    slowMs,
  );

  it(
    'scales the Deployment to zero, ends its containers, and starts them again',
    async () => {
      const scaled = await order(await incidentOf('shop'), 'scale-to-zero', 'Deployment/shop/web');
      expect(scaled.state).toBe('done');
      await until('the end of its pods', async () => (await podsOf('shop')).length === 0, slowMs);
      expect((await undo(scaled)).state).toBe('done');
      expect((await runningPod('shop')).status.phase).toBe('Running');
    },
    slowMs,
  );

  it(
    'cordons the node, which starts no pod until that is undone',
    async () => {
      const cordoned = await order(await incidentOf('shop'), 'cordon-node', 'Node/localhost');
      expect(cordoned.state).toBe('done');
      await cluster!.kubectl('-n', 'shop', 'scale', 'deployment', 'web', '--replicas=2');
      await until(
        'a pod that waits',
        async () => (await podsOf('shop')).some(({ status }) => isPending(status)),
        slowMs,
      );
      expect((await undo(cordoned)).state).toBe('done');
      const running = async () => (await podsOf('shop')).filter(({ status }) => status.phase === 'Running').length;
      await until('both pods', async () => (await running()) === 2, slowMs);
    },
    slowMs,
  );

  it(
    'leaves alone what the policy of the cluster forbids',
    async () => {
      const [shop, bank] = [await incidentOf('shop'), await incidentOf('bank')];
      const before = await cluster!.kubectl('-n', 'bank', 'get', 'deployment,pod', '-o', 'jsonpath={..metadata.uid}');
      expect(await order(bank, 'scale-to-zero', 'Deployment/bank/web')).toMatchObject({
        ...{ state: 'refused', code: 'NAMESPACE_FORBIDDEN', evidence: null },
      });
      expect(await order(shop, 'revoke-service-account-token', 'ServiceAccount/shop/default')).toMatchObject({
        ...{ state: 'refused', code: 'ACTION_FORBIDDEN' },
      });
      expect(await cluster!.kubectl('-n', 'bank', 'get', 'deployment,pod', '-o', 'jsonpath={..metadata.uid}')).toBe(
        before,
      );
    },
    slowMs,
  );

  it('records each order with its author and its end', async () => {
    const orders = JSON.parse(await cli('list', '-o', 'json')) as { action: string; state: string; author: string }[];
    expect(orders.map(({ action, state }) => `${action} ${state}`).toReversed()).toEqual([
      ...['isolate undone', 'isolate done', 'delete-pod done', 'delete-pod refused'],
      ...['scale-to-zero undone', 'scale-to-zero done'],
      ...['cordon-node undone', 'cordon-node done', 'scale-to-zero refused', 'revoke-service-account-token refused'],
    ]);
    const headers = { authorization: `Bearer ${readFileSync(server.at(-1)!, 'utf8')}` };
    const entries = await hub!.api<{ items: { action: string }[] }>('/audit?limit=200', { headers });
    const counts = Map.groupBy(entries.items, ({ action }) => action);
    expect(counts.get('containment.ordered')).toHaveLength(6);
    expect(counts.get('containment.undone')).toHaveLength(4);
    expect(counts.get('cluster.invited')).toHaveLength(1);
  });
});

function isPending({ phase }: Pod['status']): boolean {
  return phase === 'Pending';
}

function hubHome(sinkUrl: string): string {
  return makeHome({
    'key.pem': signingKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'tidewaiter.yaml': 'registries: []\ncontainment: { signingKeyFile: key.pem }\n',
    'routing.yaml': `route: { receiver: sink }\nreceivers: [ { name: sink, webhook_configs: [ { url: "${sinkUrl}" } ] } ]\n`,
  });
}

function agentValues(hubUrl: string, joinToken: string, kubernetesUrl: string): object {
  return {
    topology: 'agent',
    image: { repository: 'localhost/tidewaiter', tag: 'test', pullPolicy: 'Never' },
    agent: {
      ...{ hubUrl, joinToken, sensorToken, hostNetwork: true, persistence: { enabled: false } },
      // No kube-proxy here: the address of the API server's Service does not answer.
      env: { TIDEWAITER_KUBERNETES_URL: kubernetesUrl },
      containment: {
        policy: {
          hubKeys: [hubKeyText(signingKey)],
          dryRun: false,
          actions: ['isolate', 'scale-to-zero', 'delete-pod', 'cordon-node'],
          namespaces: ['shop'],
          nodes: ['localhost'],
          keepSchedulableNodes: 0,
        },
      },
    },
  };
}

function shellEvent(namespace: string, { metadata, status }: Pod): object {
  const time = new Date().toISOString();
  return {
    ...{ uuid: randomUUID(), output: `${time}: Critical A shell in a container that has none`, priority: 'Critical' },
    ...{ rule: `Shell in ${namespace}`, time, source: 'syscall', hostname: 'localhost' },
    tags: ['T1059', 'container', 'shell'],
    output_fields: {
      'container.id': status.containerStatuses![0]!.containerID.replace('containerd://', '').slice(0, 12),
      'container.name': 'web',
      'k8s.ns.name': namespace,
      'k8s.pod.name': metadata.name,
      'proc.name': 'sh',
      'proc.cmdline': 'sh -i',
      'user.name': 'root',
    },
  };
}
