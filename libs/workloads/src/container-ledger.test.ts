import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Digest, JsonObject, Observation } from '@tidewaiter/domain';
import { itWith, sharedData } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { type Claims, noClaims, type Override } from './claims.js';
import { ContainerLedger } from './container-ledger.js';
import { claimsOf } from './observed-claims.js';
import { persistedClaims } from './persisted-claims.js';
import { workloadKey } from './workload.js';

const id = '3f9c1a2b4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8';
const digest = `sha256:${'a'.repeat(64)}`;
const second = 1000;
const start = Date.parse('2026-01-01T12:00:00Z');

function observation(source: Observation['source'], more: Partial<Observation>): Observation {
  const blank = { process: null, container: null, pod: null, file: null, network: null, request: null, alert: null };
  return { source, cluster: 'eu1', node: 'node-1', timeMs: start, native: {}, ...blank, ...more } as Observation;
}

const podObject = (status: JsonObject, metadata: JsonObject = {}, spec: JsonObject = {}): JsonObject => ({
  kind: 'Pod',
  metadata: {
    name: 'checkout-7c9d8f6b5d-x2x8k',
    namespace: 'shop',
    uid: 'u-1',
    labels: { app: 'checkout', 'pod-template-hash': '7c9d8f6b5d' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'checkout-7c9d8f6b5d', controller: true }],
    ...metadata,
  },
  spec: {
    nodeName: 'node-1',
    serviceAccountName: 'checkout-sa',
    containers: [
      { name: 'checkout', image: 'registry.example.com/shop/checkout:1.4', securityContext: { privileged: true } },
    ],
    ...spec,
  },
  status,
});
const running = {
  containerStatuses: [
    {
      name: 'checkout',
      containerID: `containerd://${id}`,
      imageID: `registry.example.com/shop/checkout@${digest}`,
      image: 'registry.example.com/shop/checkout:1.4',
      state: { running: { startedAt: '2026-01-01T12:00:00Z' } },
    },
  ],
};
const watch = (object: JsonObject, type = 'MODIFIED', timeMs = start) =>
  observation('kubernetes-watch', { native: { type, object }, timeMs });
const falco = observation('falco', {
  timeMs: start + 5 * second,
  container: {
    id: id.slice(0, 12),
    name: 'checkout',
    imageRepository: 'registry.example.com/shop/checkout',
    imageTag: '1.4',
    imageDigest: null,
    startedAt: null,
  },
  pod: {
    namespace: 'shop',
    name: 'checkout-7c9d8f6b5d-x2x8k',
    uid: null,
    workload: null,
    workloadKind: null,
    serviceAccount: null,
  },
});
const tetragon = observation('tetragon', {
  timeMs: start + 3 * second,
  container: {
    id: id.slice(0, 31),
    name: 'checkout',
    imageRepository: 'registry.example.com/shop/checkout',
    imageTag: '1.4',
    imageDigest: digest,
    startedAt: '2026-01-01T12:00:00Z',
  },
});
const deleted = watch(podObject({}), 'DELETED', start + 40 * second);

const ledgerOf = (...events: Observation[]) => {
  const ledger = new ContainerLedger();
  for (const event of events) ledger.observe(event);
  return ledger;
};

describe('ContainerLedger', () => {
  it("resolves the workload of a container from the API server's objects", () => {
    expect(ledgerOf(watch(podObject(running))).container(id)).toMatchObject({
      digest,
      kind: 'app',
      name: 'checkout',
      node: 'node-1',
      podUid: 'u-1',
      privileged: true,
      serviceAccount: 'checkout-sa',
      tag: '1.4',
      workload: { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'checkout' },
      startedAtMs: start,
      endedAtMs: null,
    });
  });

  describe('when a sensor of another cluster names a container', () => {
    const other = `sha256:${'b'.repeat(64)}`;
    const forgedStatus = {
      containerStatuses: [
        {
          ...running.containerStatuses[0]!,
          imageID: `registry.example.com/shop/checkout@${other}`,
          state: { terminated: { finishedAt: '2026-01-01T12:00:30Z' } },
        },
      ],
    };
    const forged = { ...watch(podObject(forgedStatus), 'MODIFIED', start + 30 * second), cluster: 'eu2' };

    it('keeps what the cluster of the container reports', () => {
      const known = ledgerOf(watch(podObject(running)), tetragon).container(id);
      const ledger = ledgerOf(watch(podObject(running)), tetragon, forged, {
        ...tetragon,
        cluster: 'eu2',
        timeMs: start + 40 * second,
      });
      expect(ledger.container(id)).toEqual(known);
      expect(
        ledger.workload({ cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'checkout' }),
      ).toMatchObject({ imageDigests: [digest] });
    });

    it('has no container for its events', () => {
      const ledger = ledgerOf(watch(podObject(running)));
      const event = { ...tetragon, cluster: 'eu2' };
      expect([ledger.isOfAnotherCluster(event), ledger.find(event)]).toEqual([true, null]);
      expect([ledger.isOfAnotherCluster(tetragon), ledger.digestOf(tetragon)]).toEqual([false, digest]);
      const nameless = { ...tetragon, cluster: null };
      expect([ledger.isOfAnotherCluster(nameless), ledger.digestOf(nameless)]).toEqual([false, digest]);
    });

    it('takes its word once the first cluster reports nothing for a day, as after another name', () => {
      const ledger = new ContainerLedger({ now: () => start + 25 * 60 * 60 * second });
      for (const event of [watch(podObject(running)), forged]) ledger.observe(event);
      expect(ledger.container(id)).toMatchObject({ cluster: 'eu2', endedAtMs: start + 30 * second });
    });

    it('does not mix the images of its nodes with those of others', () => {
      const config = `sha256:${'c'.repeat(64)}`;
      const images = (cluster: string, manifest: Digest) =>
        observation('cri', {
          cluster,
          native: { images: [{ id: config, repoDigests: [`shop/checkout@${manifest}`] }] },
        });
      const known = {
        revision: 0,
        manifestsOf: (asked: Digest) => (asked === config ? [] : [{ digest: asked, platform: 'linux/amd64' }]),
        tagAt: () => null,
      };
      const ledger = new ContainerLedger({ images: known });
      const status = { containerStatuses: [{ ...running.containerStatuses[0]!, imageID: config }] };
      for (const event of [watch(podObject(status)), images('eu1', digest), images('eu2', other)])
        ledger.observe(event);
      expect(ledger.container(id)?.digest).toBe(digest);
    });
  });

  it("knows the accounts of the pods' addresses, until the pods end", () => {
    const pod = (name: string, status: object) => {
      const object = podObject({ podIP: '10.42.0.9', hostIP: '192.0.2.7', ...status }) as { metadata: object };
      return { ...object, metadata: { ...object.metadata, name, uid: name } } as JsonObject;
    };
    const accountAt = (...events: Observation[]) => ledgerOf(...events).accountAt('eu1', '10.42.0.9');
    const started = watch(pod('a', {}));
    expect(accountAt(started)).toBe('shop:checkout-sa');
    expect(accountAt(started, watch(pod('a', { phase: 'Succeeded' }), 'MODIFIED', start + second))).toBeNull();
    expect(accountAt(started, watch(pod('a', {}), 'DELETED', start + second))).toBeNull();
    const other = watch(pod('b', {}), 'ADDED', start + second);
    expect(accountAt(started, other, watch(pod('a', {}), 'DELETED', start + 2 * second))).toBe('shop:checkout-sa');
    expect(accountAt(watch(pod('a', { hostIP: '10.42.0.9' })))).toBeNull();
    expect(accountAt(watch(pod('a', { podIP: null, podIPs: [{ ip: '10.42.0.9' }] })))).toBe('shop:checkout-sa');
  });

  it('joins truncated ids of sensors with later objects of the API server, in any order', () => {
    const events = [watch(podObject(running)), falco, tetragon, deleted];
    fc.assert(
      fc.property(fc.shuffledSubarray(events, { minLength: events.length }), (shuffled) => {
        const ledger = ledgerOf(...shuffled);
        expect(ledger.size).toBe(3);
        expect([...ledger.containers()]).toHaveLength(1);
        for (const event of [falco, tetragon]) {
          expect(ledger.find(event)).toMatchObject({
            id,
            digest,
            endedAtMs: start + 40 * second,
            workload: { name: 'checkout' },
          });
        }
      }),
    );
  });

  it('resolves a short-lived container of an hour ago', () => {
    const ledger = ledgerOf(watch(podObject(running)), deleted);
    expect(ledger.find({ ...falco, timeMs: start + 3600 * second })).toMatchObject({
      digest,
      endedAtMs: start + 40 * second,
    });
  });

  it('returns null for an id that several containers share', () => {
    const twin = `${id.slice(0, 31)}${'0'.repeat(33)}`;
    const other = podObject(
      { containerStatuses: [{ ...running.containerStatuses[0]!, containerID: `containerd://${twin}` }] },
      { name: 'other-0', uid: 'u-2', ownerReferences: [{ kind: 'StatefulSet', name: 'other' }] },
    );
    const ledger = ledgerOf(tetragon, watch(podObject(running)), watch(other));
    expect(ledger.find(tetragon)).toBeNull();
    expect(ledger.container(id)?.workload?.name).toBe('checkout');
    expect(ledger.container(twin)?.workload).toMatchObject({ kind: 'StatefulSet', name: 'other' });
  });

  it.each([
    [{ ownerReferences: [{ kind: 'Job', name: 'report-29183040', controller: true }] }, 'CronJob', 'report'],
    [{ ownerReferences: [{ kind: 'Job', name: 'cleanup-7f', controller: true }] }, 'Job', 'cleanup-7f'],
    [{ ownerReferences: [{ kind: 'DaemonSet', name: 'agent', controller: true }] }, 'DaemonSet', 'agent'],
    [{ ownerReferences: [{ kind: 'ReplicaSet', name: 'bare-rs', controller: true }] }, 'ReplicaSet', 'bare-rs'],
    [
      { ownerReferences: [{ kind: 'ReplicaSet', name: 'checkout-7c9d8f6b5d', controller: true }], labels: {} },
      'Deployment',
      'checkout',
    ],
    [
      {
        ownerReferences: [{ kind: 'ReplicaSet', name: 'roll-abc', controller: true }],
        labels: { 'rollouts-pod-template-hash': 'abc' },
      },
      'Rollout',
      'roll',
    ],
    [{ ownerReferences: [{ kind: 'Node', name: 'node-1', controller: true }] }, 'Pod', 'checkout-7c9d8f6b5d-x2x8k'],
    [{ ownerReferences: [] }, 'Pod', 'checkout-7c9d8f6b5d-x2x8k'],
  ])('resolves the owner of %j', (metadata, kind, name) => {
    expect(ledgerOf(watch(podObject(running, metadata))).container(id)?.workload).toMatchObject({ kind, name });
  });

  it('resolves init, sidecar, ephemeral and replaced containers', () => {
    const [init, sidecar, debug, before] = ['1', '2', '4', '5'].map((digit) => digit.repeat(64));
    const over = {
      terminated: {
        startedAt: '2026-01-01T11:00:00Z',
        finishedAt: '2026-01-01T11:30:00Z',
        containerID: `containerd://${before}`,
      },
    };
    const status = {
      initContainerStatuses: [
        { name: 'migrate', containerID: `containerd://${init}`, image: 'm:1' },
        { name: 'proxy', containerID: `containerd://${sidecar}`, image: 'p:1' },
      ],
      containerStatuses: [{ ...running.containerStatuses[0]!, lastState: over }],
      ephemeralContainerStatuses: [{ name: 'debugger', containerID: `containerd://${debug}`, image: 'b:1' }],
    };
    const spec: JsonObject = {
      initContainers: [{ name: 'migrate' }, { name: 'proxy', restartPolicy: 'Always' }],
      ephemeralContainers: [{ name: 'debugger' }],
    };
    const ledger = ledgerOf(watch(podObject(status, {}, spec)));
    const kinds = [init, sidecar, id, debug].map((each) => ledger.container(each!)?.kind);
    expect(kinds).toEqual(['init', 'sidecar', 'app', 'ephemeral']);
    expect(ledger.container(before!)).toMatchObject({
      endedAtMs: Date.parse('2026-01-01T11:30:00Z'),
      tag: '1.4',
      digest: null,
    });
  });

  it('finds the only container of a pod that a call names', () => {
    const exec = observation('kubernetes-audit', {
      timeMs: start + second,
      request: {
        resource: 'pods/exec',
        namespace: 'shop',
        name: 'checkout-7c9d8f6b5d-x2x8k',
      } as Observation['request'],
    });
    const ledger = ledgerOf(watch(podObject(running)));
    expect(ledger.find(exec)?.id).toBe(id);
    expect(ledger.workloadOf(exec)).toMatchObject({ kind: 'Deployment', name: 'checkout' });
    const two = {
      containerStatuses: [running.containerStatuses[0]!, { name: 'b', containerID: `containerd://${'b'.repeat(64)}` }],
    };
    expect(ledgerOf(watch(podObject(two))).find(exec)).toBeNull();
  });

  it('reads pods from audited responses', () => {
    const native = {
      verb: 'create',
      objectRef: { resource: 'pods', namespace: 'shop' },
      responseObject: podObject({}),
    } as JsonObject;
    const request = { resource: 'pods', succeeded: true } as Observation['request'];
    const ledger = ledgerOf(falco, observation('kubernetes-audit', { native, request }));
    expect(ledger.find(falco)?.workload).toMatchObject({ kind: 'Deployment', name: 'checkout' });
    const gone = {
      verb: 'delete',
      objectRef: { resource: 'pods', namespace: 'shop', name: 'checkout-7c9d8f6b5d-x2x8k' },
    } as JsonObject;
    ledger.observe(observation('kubernetes-audit', { native: gone, request, timeMs: start + 60 * second }));
    expect(ledger.find(falco)).toMatchObject({ endedAtMs: start + 60 * second, workload: { kind: 'Deployment' } });
  });

  it("maps a config digest to its manifest by the runtime's lists", () => {
    const config = `sha256:${'c'.repeat(64)}`;
    const container = {
      id,
      imageRef: config,
      image: { image: config, userSpecifiedImage: 'registry.example.com/shop/checkout:1.4' },
      createdAt: `${start}000000`,
      metadata: { name: 'checkout' },
      labels: { 'io.kubernetes.pod.namespace': 'shop', 'io.kubernetes.pod.name': 'checkout-0' },
    };
    const image = { id: config, repoDigests: [`registry.example.com/shop/checkout@${digest}`] };
    const listed = [{ containers: [container] }, { images: [image] }];
    // The sensor splits lists in this way.
    for (const [some, others] of [listed, [{ container }, { image }], [container, image]] as JsonObject[][]) {
      const ledger = ledgerOf(observation('cri', { native: some! }));
      expect(ledger.container(id)).toMatchObject({
        digest: null,
        startedAtMs: start,
        workload: { kind: 'StatefulSet' },
      });
      ledger.observe(observation('cri', { native: others! }));
      expect(ledger.container(id)?.digest).toBe(digest);
    }
  });

  it('reports whether a workload is exposed once services are known', () => {
    const service = (type: string, selector: JsonObject, name = 'checkout') =>
      watch({ kind: 'Service', metadata: { name, namespace: 'shop' }, spec: { type, selector } });
    const ingress = watch({
      kind: 'Ingress',
      metadata: { name: 'i', namespace: 'shop' },
      spec: { rules: [{ http: { paths: [{ backend: { service: { name: 'checkout' } } }] } }] },
    });
    const ref = { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'checkout' };
    const exposed = (...events: Observation[]) => ledgerOf(watch(podObject(running)), ...events).workload(ref)?.exposed;
    expect(exposed()).toBeNull();
    expect(exposed(service('ClusterIP', { app: 'checkout' }))).toBe(false);
    expect(exposed(service('LoadBalancer', { app: 'checkout' }))).toBe(true);
    expect(exposed(service('LoadBalancer', { app: 'other' }))).toBe(false);
    expect(exposed(ingress, service('ClusterIP', { app: 'checkout' }))).toBe(true);
  });

  it("merges the common facts of a workload's pods", () => {
    const probe = { livenessProbe: { exec: { command: ['sh', '-c', 'nc -z 127.0.0.1 80'] } } };
    const namespace = watch({
      kind: 'Namespace',
      metadata: { name: 'shop', labels: { 'tidewaiter.dev/role': 'debug' } },
    });
    const ledger = ledgerOf(watch(podObject(running, {}, { containers: [{ name: 'checkout', ...probe }] })), namespace);
    expect(ledger.workload({ cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'checkout' })).toMatchObject({
      imageDigests: [digest],
      namespaceLabels: { 'tidewaiter.dev/role': 'debug' },
      probes: ['sh -c nc -z 127.0.0.1 80'],
      replicas: 1,
      serviceAccount: 'checkout-sa',
    });
  });

  it.each([
    ['a label', { labels: { 'tidewaiter.dev/owner': 'team-shop' } }],
    ['an annotation', { annotations: { 'tidewaiter.dev/owner': 'team-shop', other: 'x' } }],
    ['both', { labels: { 'tidewaiter.dev/owner': 'team-shop' }, annotations: { 'tidewaiter.dev/owner': 'old' } }],
  ])('reads the owner from %s of the namespace', (_, metadata) => {
    const ledger = ledgerOf(
      watch(podObject(running)),
      watch({ kind: 'Namespace', metadata: { name: 'shop', ...metadata } }),
    );
    expect(ledger.workload({ cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'checkout' })).toMatchObject({
      namespaceLabels: { 'tidewaiter.dev/owner': 'team-shop' },
    });
  });

  it.each<[Override[] | null, JsonObject]>([
    [[], {}],
    [['args'], { args: ['--serve'], command: [] }],
    [['command'], { command: ['sh', '-c', 'true'] }],
    [['command', 'args'], { args: ['x'], command: ['sh'] }],
    [null, { name: 'other' }],
  ])('reports that a pod overrides %j of its image', (expected, spec) => {
    const ledger = ledgerOf(watch(podObject(running, {}, { containers: [{ name: 'checkout', ...spec }] })), falco);
    expect(ledger.overridesOf(falco)).toEqual(expected);
    const persisted = new ContainerLedger();
    for (const each of ledger.containers()) persisted.add(persistedClaims(each));
    expect(persisted.overridesOf(falco)).toEqual(expected);
  });

  describe('a pod that is listed long after its last change', () => {
    const listedAt = start + 30 * 86_400 * second;
    const listed = (object: JsonObject, type = 'ADDED') => ({
      ...watch(object, type),
      seenAt: new Date(listedAt).toISOString(),
    });

    it('was seen when it was listed and started when its container did', () => {
      const ledger = new ContainerLedger();
      ledger.observe(listed(podObject(running)));
      expect(ledger.container(id)).toMatchObject({
        lastSeenMs: listedAt,
        firstSeenMs: start,
        startedAtMs: start,
        endedAtMs: null,
      });
    });

    it('was last seen at its end if it ended', () => {
      const terminated = { exitCode: 0, startedAt: '2026-01-01T12:00:00Z', finishedAt: '2026-01-01T13:00:00Z' };
      const [status] = running.containerStatuses;
      const ledger = new ContainerLedger();
      ledger.observe(listed(podObject({ containerStatuses: [{ ...status!, state: { terminated } }] })));
      expect(ledger.container(id)).toMatchObject({
        lastSeenMs: start + 3_600 * second,
        endedAtMs: start + 3_600 * second,
      });
    });
  });

  describe('persisted state of a workload', () => {
    const ref = { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'checkout' };
    const persisted = {
      ...{ ...ref, imageDigests: [], exposed: true, privileged: null, serviceAccount: null, replicas: 3 },
      ...{ namespaceLabels: { 'tidewaiter.dev/role': 'debug' }, probes: ['sh -c true'] },
    };

    it('counts without claims to this ledger, and is not reported as changed', () => {
      const ledger = ledgerOf(watch(podObject(running)));
      ledger.takeChangedWorkloads();
      ledger.addPersisted(persisted);
      const { namespaceLabels, exposed, probes } = persisted;
      expect(ledger.workload(ref)).toMatchObject({ namespaceLabels, exposed, probes, replicas: 1 });
      expect([ledger.namespaceLabelsOf(ref), ledger.probesOf(ref)]).toEqual([namespaceLabels, probes]);
      expect(ledger.takeChangedWorkloads()).toEqual([]);
      ledger.observe(watch(podObject({ ...running, phase: 'Succeeded' })));
      expect(ledger.takeChangedWorkloads()).toMatchObject([{ namespaceLabels: {}, exposed: null, probes: [] }]);
    });

    it('yields to claims, in any order', () => {
      const labels = { 'tidewaiter.dev/role': 'builder' };
      const namespace = watch({ kind: 'Namespace', metadata: { name: 'shop', labels } });
      const ledger = ledgerOf(watch(podObject(running)), namespace);
      ledger.addPersisted(persisted);
      expect([ledger.namespaceLabelsOf(ref), ledger.workload(ref)?.namespaceLabels]).toEqual([labels, labels]);
    });

    it('is the only state of a workload without claimed pods, and of others in its namespace', () => {
      const ledger = ledgerOf();
      ledger.addPersisted(persisted);
      ledger.addPersisted({ ...persisted, name: 'other', namespaceLabels: {} });
      expect(ledger.workload(ref)).toEqual(persisted);
      expect(ledger.namespaceLabelsOf({ ...ref, name: 'unseen' })).toEqual(persisted.namespaceLabels);
      expect(ledger.namespaceLabelsOf({ ...ref, cluster: 'eu2' })).toEqual({});
    });
  });

  it('updates the cached answer about a workload', () => {
    const ref = { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'checkout' };
    const ledger = ledgerOf(watch(podObject({})));
    const asked = () => {
      const { imageDigests, replicas, namespaceLabels } = ledger.workload(ref)!;
      return [imageDigests.length, replicas, Object.keys(namespaceLabels).length];
    };
    expect([asked(), asked()]).toEqual([
      [0, 1, 0],
      [0, 1, 0],
    ]);
    ledger.observe(watch(podObject(running)));
    expect(asked()).toEqual([1, 1, 0]);
    ledger.observe(watch({ kind: 'Namespace', metadata: { name: 'shop', labels: { a: 'b' } } }));
    expect(asked()).toEqual([1, 1, 1]);
    ledger.observe(watch(podObject(running, { name: 'checkout-7c9d8f6b5d-zzzzz' }), 'MODIFIED', start + second));
    expect(asked()).toEqual([1, 2, 1]);
    ledger.observe(deleted);
    expect(asked()).toEqual([1, 1, 1]);
  });

  it('limits its entries and evicts the least recently seen first', () => {
    const ledger = new ContainerLedger({ maxContainers: 100, maxPods: 100 });
    for (let index = 0; index < 1000; index += 1) {
      const name = `pod-${index}`;
      const claims = noClaims('sensor', start + index);
      claims.containers.push({
        ...blankContainer,
        id: index.toString(16).padStart(64, '0').split('').toReversed().join(''),
        pod: { cluster: null, namespace: 'n', name },
      });
      claims.pods.push({ ...blankPod, name, workload: { kind: 'Pod', name } });
      ledger.add(claims);
    }
    expect(ledger.size).toBeLessThanOrEqual(100);
    expect(ledger.workload({ cluster: null, namespace: 'n', kind: 'Pod', name: 'pod-0' })).toBeNull();
    expect(ledger.workload({ cluster: null, namespace: 'n', kind: 'Pod', name: 'pod-999' })).not.toBeNull();
  });

  const blankContainer = {
    cluster: null,
    node: null,
    name: null,
    kind: null,
    images: [],
    privileged: null,
    overrides: null,
    startedAtMs: null,
    endedAtMs: null,
  };
  const blankPod = {
    cluster: null,
    namespace: 'n',
    uid: null,
    node: null,
    serviceAccount: null,
    workload: { kind: 'Pod', name: 'x' },
    labels: null,
    privileged: null,
    probes: [],
    endedAtMs: null,
  };

  it('has the same state for any order and repetition of claims', () => {
    const idOf = fc.constantFrom(id, id.slice(0, 12), id.slice(0, 31), 'b'.repeat(64), 'b'.repeat(12));
    const name = fc.constantFrom('a-0', 'b-0');
    const orNull = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary);
    const digests = fc.constantFrom<Digest[]>(digest, `sha256:${'d'.repeat(64)}`);
    const image = fc.record({
      repository: orNull(fc.constantFrom('r/a', 'r/b')),
      tag: orNull(fc.constantFrom('1', '2')),
      digest: orNull(digests),
    });
    const container = fc.record({
      id: idOf,
      pod: orNull(name.map((each) => ({ cluster: 'c', namespace: 'n', name: each }))),
      cluster: fc.constant('c'),
      node: orNull(fc.constantFrom('x', 'y')),
      name: orNull(fc.constantFrom('app', 'web')),
      kind: fc.constant(null),
      images: fc.array(image, { maxLength: 2 }),
      privileged: orNull(fc.boolean()),
      overrides: orNull(fc.constantFrom<Override[]>([], ['args'], ['command', 'args'])),
      startedAtMs: orNull(fc.integer({ min: 0, max: 9 })),
      endedAtMs: orNull(fc.integer({ min: 0, max: 9 })),
    });
    const pod = fc.record({
      ...{
        cluster: fc.constant('c'),
        namespace: fc.constant('n'),
        name,
        uid: orNull(fc.constantFrom('u', 'v')),
        node: fc.constant(null),
      },
      serviceAccount: orNull(fc.constantFrom('s', 't')),
      workload: orNull(fc.constantFrom({ kind: 'StatefulSet', name: 'a' }, { kind: 'Job', name: 'b' })),
      labels: orNull(fc.constantFrom({ app: 'a' }, { app: 'b' })),
      privileged: orNull(fc.boolean()),
      probes: fc.constantFrom([], ['p']),
      endedAtMs: orNull(fc.integer({ min: 0, max: 9 })),
    });
    const claims = fc
      .record({
        by: fc.constantFrom('falco' as const, 'sensor' as const, 'watch' as const),
        atMs: fc.integer({ min: 0, max: 3 }),
        containers: fc.array(container, { maxLength: 2 }),
        pods: fc.array(pod, { maxLength: 2 }),
      })
      .map((some): Claims => ({ ...noClaims('guess', 0), ...some }));
    const state = (all: readonly Claims[]) => {
      const ledger = new ContainerLedger();
      for (const each of all) ledger.add(each);
      const known = [...ledger.containers()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
      const workloads = ['StatefulSet/a', 'Job/b'].map((key) => key.split('/') as [string, string]);
      const of = ([kind, workload]: [string, string]) =>
        ledger.workload({ cluster: 'c', namespace: 'n', kind, name: workload });
      return { known, workloads: workloads.map((each) => sorted(of(each))) };
    };
    const sorted = (workload: ReturnType<ContainerLedger['workload']>) =>
      workload && { ...workload, imageDigests: [...workload.imageDigests].toSorted() };
    fc.assert(
      fc.property(
        fc
          .array(claims, { maxLength: 6 })
          .chain((all) =>
            fc.tuple(
              fc.constant(all),
              fc.shuffledSubarray([...all, ...all.slice(0, 2)], { minLength: all.length + Math.min(2, all.length) }),
            ),
          ),
        ([all, shuffled]) => {
          expect(state(shuffled)).toEqual(state(all));
        },
      ),
    );
  });

  it('reports a change once, and at intervals while a container runs', () => {
    const ledger = ledgerOf(watch(podObject(running)));
    const changed = () => [ledger.takeChanged().length, ledger.takeChangedWorkloads().map(workloadKey)];
    expect(changed()).toEqual([1, ['shop/Deployment/checkout']]);
    ledger.observe(tetragon);
    ledger.takeChanged();
    ledger.observe({ ...tetragon, timeMs: start + 30 * second });
    expect(changed()).toEqual([0, []]);
    ledger.observe({ ...tetragon, timeMs: start + 3601 * second });
    expect(changed()[0]).toBe(1);
    ledger.observe(watch({ kind: 'Namespace', metadata: { name: 'shop', labels: { a: 'b' } } }));
    expect(changed()).toEqual([0, ['shop/Deployment/checkout']]);
  });

  it('ignores repeated claims of a sensor', () => {
    const again = (more: Partial<Observation>) => observation('tetragon', { ...tetragon, ...more });
    const moved = again({
      timeMs: start + 4 * second,
      container: { ...tetragon.container!, imageDigest: `sha256:${'d'.repeat(64)}` },
    });
    const events = [
      tetragon,
      again({ timeMs: start + 60 * second }),
      again({ timeMs: start + 2 * second }),
      moved,
      again({ timeMs: start + 700 * second }),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(events, { minLength: events.length }), (shuffled) => {
        const known = ledgerOf(...shuffled).container(id.slice(0, 31));
        expect(known).toMatchObject({
          claimedDigests: [digest, moved.container!.imageDigest],
          digest: null,
          firstSeenMs: start,
        });
        expect(known?.lastSeenMs).toBeLessThanOrEqual(start + 700 * second);
      }),
    );
    const small = new ContainerLedger({ maxContainers: 20 });
    for (let index = 0; index < 200; index += 1) {
      const name = index.toString(16).padStart(64, 'e').split('').toReversed().join('');
      small.observe(again({ timeMs: start + index, container: { ...tetragon.container!, id: name } }));
    }
    small.observe(tetragon);
    expect(small.find(tetragon)?.digest).toBe(digest);
  });

  it('continues from persisted claims', () => {
    const ledger = ledgerOf(watch(podObject(running)), tetragon, deleted);
    const restarted = new ContainerLedger();
    for (const container of ledger.takeChanged()) restarted.add(persistedClaims(container));
    const known = ledger.container(id)!;
    expect(restarted.container(id)).toEqual({
      ...known,
      firstSeenMs: expect.any(Number),
      lastSeenMs: start + 40 * second,
    });
    expect(restarted.find(falco)?.workload).toEqual(known.workload);
    expect(ledger.takeChanged()).toEqual([]);
  });

  it('accepts any JSON of a sensor', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Observation['source'][]>('kubernetes-watch', 'kubernetes-audit', 'cri', 'falco'),
        fc.object({
          key: fc.constantFrom(
            'object',
            'metadata',
            'spec',
            'status',
            'containers',
            'kind',
            'name',
            'id',
            'labels',
            '__proto__',
          ),
        }),
        (source, native) => {
          const claims = claimsOf(
            observation(source, {
              native: native as JsonObject,
              request: { succeeded: true } as Observation['request'],
            }),
          );
          new ContainerLedger().add(claims);
          expect(claims.containers.length).toBeLessThan(100);
        },
      ),
    );
  });
});

const fixtures = sharedData('fixtures/runtime');

itWith(fixtures)('reads pods as clusters show them, and what a runtime lists', () => {
  const ledger = new ContainerLedger();
  const bodies = (folder: string) =>
    readdirSync(join(fixtures.path, folder))
      .filter((name) => name.endsWith('.json'))
      .map(
        (name) =>
          JSON.parse(readFileSync(join(fixtures.path, folder, name), 'utf8')) as { body: JsonObject | JsonObject[] },
      )
      .flatMap(({ body }): JsonObject[] => (Array.isArray(body) ? body : [body]));
  const noon = Date.parse('2025-07-01T12:00:00Z');
  for (const { type, object } of bodies('k8s-pods')) ledger.observe(watch(object as JsonObject, type as string, noon));
  for (const native of bodies('cri')) ledger.observe(observation('cri', { native, timeMs: noon }));
  const known = [...ledger.containers()].map(
    ({ workload, kind, digest: found }) =>
      `${workload?.namespace}/${workload?.kind}/${workload?.name} ${kind} ${found?.slice(7, 13)}`,
  );
  expect(known.toSorted()).toEqual([
    'default/Deployment/checkout app 10d1f5',
    'default/StatefulSet/loaded app 533d6c',
    'payments/Deployment/checkout app 533d6c',
    'payments/Deployment/checkout ephemeral 9ae97d',
    'payments/Deployment/checkout init 533d6c',
    'payments/Deployment/checkout sidecar 6f2f3a',
    'platform/Deployment/checkout app d723dc',
  ]);
});
