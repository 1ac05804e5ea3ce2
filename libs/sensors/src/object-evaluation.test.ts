import { checkKubernetes, kubernetesChecks, objectLimits, runsPods } from '@tidewaiter/checks';
import type { JsonObject, ObjectFinding, ObjectEvaluation } from '@tidewaiter/domain';
import { parseAllDocuments } from 'yaml';

import { kubernetesAudit } from './kubernetes-audit/kubernetes-audit.js';
import { kubernetesWatch } from './kubernetes-watch/kubernetes-watch.js';
import type { Sensor } from './sensor.js';

const connection = {
  sensor: 'k8s',
  cluster: 'eu1',
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
};

const recordOf = (sensor: Sensor, body: object) =>
  sensor.read(Buffer.from(JSON.stringify(body)), connection).records[0];
const watched = (object: object, type = 'ADDED') => recordOf(kubernetesWatch, { type, object })?.evaluations?.[0];

const resources: Record<string, [group: string, resource: string]> = {
  Pod: ['', 'pods'],
  Deployment: ['apps', 'deployments'],
  StatefulSet: ['apps', 'statefulsets'],
  DaemonSet: ['apps', 'daemonsets'],
  ReplicaSet: ['apps', 'replicasets'],
  ReplicationController: ['', 'replicationcontrollers'],
  Job: ['batch', 'jobs'],
  CronJob: ['batch', 'cronjobs'],
};

function auditEvent(object: JsonObject, change: object = {}): object {
  const { name, namespace } = object['metadata'] as { name: string; namespace: string };
  const [apiGroup, resource] = resources[object['kind'] as string]!;
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: 'a',
    stage: 'ResponseComplete',
    requestURI: `/apis/${apiGroup}/v1/namespaces/${namespace}/${resource}`,
    verb: 'create',
    user: { username: 'jane' },
    objectRef: { resource, namespace, name, apiVersion: 'v1', ...(apiGroup !== '' && { apiGroup }) },
    responseStatus: { code: 201 },
    requestObject: object,
    responseObject: object,
    requestReceivedTimestamp: '2026-01-02T03:04:05.100000Z',
    stageTimestamp: '2026-01-02T03:04:05.200000Z',
    ...change,
  };
}

const audited = (object: JsonObject, change: object = {}) =>
  recordOf(kubernetesAudit, auditEvent(object, change))?.evaluations?.[0];

const documentsOf = (text: string) =>
  parseAllDocuments(text, { schema: 'core' }).map((each) => each.toJS() as JsonObject);
const isRunning = ({ kind, apiVersion }: JsonObject) => runsPods(kind as string, apiVersion as string);

/** The example manifests of the checks that run pods, as the API server would hold them. */
const examples = kubernetesChecks
  .flatMap(({ passes, fails }) => [...passes, ...fails].flatMap(documentsOf))
  .filter(isRunning)
  .map((object): JsonObject => ({ ...object, metadata: { namespace: 'shop', ...(object['metadata'] as JsonObject) } }));

const comparable = (findings: readonly Omit<ObjectFinding, 'fingerprint'>[]) =>
  findings
    .map(({ check, severity, title, container, field }) => JSON.stringify({ check, severity, title, container, field }))
    .toSorted();

const scanned = (object: object) =>
  checkKubernetes(JSON.stringify(object), 'object.json').findings.map(({ id, severity, title, evidence }) => ({
    ...{ check: id, severity, title },
    container: (evidence['container'] as string | undefined) ?? null,
    field: (evidence['field'] as string | undefined) ?? null,
  }));

describe('findings of workloads', () => {
  it('are those of scan for every example manifest, by the watch and by the audit log', () => {
    expect(examples.length).toBeGreaterThan(150);
    for (const example of examples) {
      const expected = comparable(scanned(example));
      expect(expected.length).toBeGreaterThan(0);
      expect(comparable(watched(example)!.findings)).toEqual(expected);
      expect(comparable(audited(example)!.findings)).toEqual(expected);
    }
  });

  it('come of every check whose examples run pods', () => {
    const found = new Set(examples.flatMap((example) => watched(example)!.findings.map(({ check }) => check)));
    const about = kubernetesChecks.filter(({ fails }) => fails.every((text) => documentsOf(text).every(isRunning)));
    expect(about.length).toBeGreaterThan(40);
    for (const { id } of about) expect(found).toContain(id);
  });

  it('of a pod are those of what made it, with the same fingerprints', () => {
    const deployments = examples.filter(({ kind }) => kind === 'Deployment');
    expect(deployments.length).toBeGreaterThan(20);
    for (const deployment of deployments) {
      const { template } = deployment['spec'] as { template: JsonObject };
      const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d8f', controller: true };
      const labels = { 'pod-template-hash': '5d8f' };
      const metadata = { name: 'web-5d8f-abcde', namespace: 'shop', labels, ownerReferences: [owner] };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: template['spec']! };
      const [ofPod, ofDeployment] = [
        watched(pod)!,
        watched({ ...deployment, metadata: { name: 'web', namespace: 'shop' } })!,
      ];
      expect(ofPod.workload).toEqual({ kind: 'Deployment', name: 'web' });
      expect(ofPod.findings).toEqual(ofDeployment.findings);
    }
  });

  it('ask no probes of the pods of a CronJob', () => {
    const owner = { apiVersion: 'batch/v1', kind: 'Job', name: 'backup-29001234', controller: true };
    const made = watched({ ...pod(), metadata: { name: 'b', namespace: 'shop', ownerReferences: [owner] } })!;
    expect(made.workload).toEqual({ kind: 'CronJob', name: 'backup' });
    expect(made.findings.map(({ check }) => check)).not.toContain('k8s-no-liveness-probe');
    expect(watched(pod())!.findings.map(({ check }) => check)).toContain('k8s-no-liveness-probe');
  });

  it('of a pod whose owner is of an unknown kind have the path of a template', () => {
    const owner = { apiVersion: 'example.com/v1', kind: 'GameServer', name: 'lobby', controller: true };
    const container = { name: 'app', image: 'a:1', securityContext: { privileged: true } };
    const made = watched({
      ...pod([container]),
      metadata: { name: 'b', namespace: 'shop', ownerReferences: [owner] },
    })!;
    expect(made.findings[0]).toMatchObject({
      check: 'k8s-privileged',
      title: 'The container app of GameServer shop/lobby is privileged',
      container: 'app',
      field: 'spec.template.spec.containers[0].securityContext.privileged',
    });
  });

  it.each([
    ['a ReplicaSet of a Deployment', { kind: 'ReplicaSet', name: 'web-5d8f', labels: { 'pod-template-hash': '5d8f' } }],
    ['a Job of a CronJob', { kind: 'Job', name: 'backup-29001234', apiVersion: 'batch/v1' }],
    ['a custom resource of the same kind', { kind: 'Deployment', name: 'web', apiVersion: 'example.com/v1' }],
    ['a Service', { kind: 'Service', name: 'web', apiVersion: 'v1' }],
    ['an object whose name Kubernetes refuses', { kind: 'Deployment', name: 'x'.repeat(10_000) }],
    ['an object whose name is no name', { kind: 'Deployment', name: 'Web/../1' }],
    ['an object without a namespace', { kind: 'Deployment', name: 'web', namespace: undefined }],
  ])('are not made of %s', (_, { kind, apiVersion = 'apps/v1', ...metadata }: Record<string, unknown>) => {
    const object = {
      apiVersion,
      kind,
      metadata: { namespace: 'shop', ...metadata },
      spec: { template: { spec: pod().spec } },
    };
    expect(watched(object)).toBeUndefined();
  });

  it('hold those of ephemeral containers, which no manifest has', () => {
    const debug = { name: 'debug', image: 'a:1', securityContext: { privileged: true } };
    const { findings } = watched({ ...pod(), spec: { ...pod().spec, ephemeralContainers: [debug] } })!;
    expect(findings).toContainEqual(expect.objectContaining({ check: 'k8s-privileged', container: 'debug' }));
  });
});

describe('the outcome', () => {
  it('holds no value of a variable, nor does the record', () => {
    const env = [
      { name: 'DB_PASSWORD', value: 'Tr0ub4dor-and-3' },
      { name: 'DATABASE', value: 'postgres://app:hunter2hunter2@db/shop' },
    ];
    const deployment = objectOf([{ name: 'app', image: 'a:1', env }]);
    for (const record of [
      recordOf(kubernetesWatch, { type: 'ADDED', object: deployment }),
      recordOf(kubernetesAudit, auditEvent(deployment)),
    ]) {
      const found = record?.evaluations?.[0]?.findings.filter(({ check }) => check.startsWith('k8s-secret')) ?? [];
      expect(found.map(({ title }) => title)).toEqual([
        expect.stringContaining('has the variable DB_PASSWORD'),
        expect.stringContaining('has the variable DATABASE'),
      ]);
      expect(JSON.stringify(record)).not.toMatch(/Tr0ub4dor|hunter2/);
    }
  });

  it('masks a secret that stands in a setting', () => {
    const key = ['ghp', 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6'].join('_');
    const volumes = [{ name: 'a', hostPath: { path: `/opt/${key}` } }];
    const record = recordOf(kubernetesWatch, {
      type: 'ADDED',
      object: objectOf([{ name: 'app', image: 'a:1' }], { volumes }),
    });
    expect(record?.evaluations?.[0]?.findings.map(({ check }) => check)).toContain('k8s-host-path');
    expect(JSON.stringify(record)).not.toContain(key);
  });

  it('has the version of a stored object, and the time at which a manager changed it', () => {
    const metadata = {
      ...{ name: 'web', namespace: 'shop', resourceVersion: '4711', creationTimestamp: '2026-01-01T00:00:00Z' },
      managedFields: [
        { manager: 'kubectl', time: '2026-01-02T02:00:00Z' },
        { manager: 'other', time: '2026-01-01T00:00:00Z' },
      ],
    };
    const object = { ...objectOf([{ name: 'app' }]), metadata };
    expect(watched(object)).toMatchObject({ version: '4711', isGone: false, changedAt: '2026-01-02T02:00:00Z' });
    expect(watched(object, 'DELETED')).toMatchObject({ version: '4711', isGone: true, findings: [] });
  });

  it.each<[string, object]>([
    ['containers', { containers: Array.from({ length: 10_000 }, (_, index) => ({ name: `c${index}`, image: 'a' })) }],
    [
      'variables',
      {
        containers: [
          { name: 'a', env: Array.from({ length: 30_000 }, (_, index) => ({ name: `E${index}`, value: 'x' })) },
        ],
      },
    ],
    ['levels', { containers: [], volumes: [nested(60)] }],
    [
      'long names',
      {
        containers: Array.from({ length: 99 }, (_, index) => ({
          name: `${index}${'ü'.repeat(5_000)}`,
          image: `${'ü'.repeat(5_000)}:${index}`,
        })),
      },
    ],
  ])('ends at a limit, soon and with a finding, in an object of too many or too deep %s', (what, spec) => {
    const object = { ...objectOf([]), spec: { template: { spec } } };
    const began = performance.now();
    const record = recordOf(kubernetesWatch, { type: 'ADDED', object });
    expect(performance.now() - began).toBeLessThan(2_000);
    const { findings } = record!.evaluations![0]!;
    if (what !== 'levels') expect(findings.at(-1)?.check).toBe('k8s-not-checked');
    expect(Buffer.byteLength(JSON.stringify(findings))).toBeLessThan(objectLimits.maxFindingBytes + 2_000);
    expect(Buffer.byteLength(JSON.stringify(record))).toBeLessThan(252 * 1024);
  });

  it.each([
    ['objects with many containers', 100],
    ['small objects', 1],
  ])('ends at a limit in a body of %s', (_, size) => {
    const count = (objectLimits.maxBodyContainers * 3) / size;
    const containers = Array.from({ length: size }, () => '{}').join(',');
    const pods = Array.from(
      { length: count },
      (__, index) => `{"metadata":{"name":"p${index}","namespace":"shop"},"spec":{"containers":[${containers}]}}`,
    );
    const began = performance.now();
    const { records } = kubernetesWatch.read(
      Buffer.from(`{"kind":"PodList","apiVersion":"v1","items":[${pods.join(',')}]}`),
      connection,
    );
    expect(performance.now() - began).toBeLessThan(60_000);
    const checksOf = (index: number) => records[index]!.evaluations![0]!.findings.map(({ check }) => check);
    expect(records).toHaveLength(count);
    expect(checksOf(count / 3 - 1)).toContain('k8s-run-as-non-root');
    expect(checksOf(count / 3)).toEqual(['k8s-not-checked']);
  });

  it('keeps the worst where not everything fits, and counts the rest', () => {
    const containers = Array.from({ length: 90 }, (_, index) => ({
      ...{ name: `container-${index}`, image: `registry.example.com/${'a'.repeat(100)}` },
      ...(index === 89 && { securityContext: { privileged: true } }),
    }));
    const { findings } = watched(objectOf(containers))!;
    expect(findings[0]).toMatchObject({ check: 'k8s-privileged', container: 'container-89' });
    expect(findings.at(-1)).toMatchObject({
      check: 'k8s-not-checked',
      title: expect.stringMatching(/^Deployment shop\/web has \d+ further findings/),
    });
  });

  it('stays where the event itself cannot be cut to size', () => {
    const volumes = Array.from({ length: 40 }, (_, index) => {
      const items = Array.from({ length: 20 }, () => ({
        key: 'k'.repeat(128),
        path: 'p'.repeat(128),
        mode: 'm'.repeat(128),
      }));
      return {
        name: `v${index}`,
        projected: { sources: Array.from({ length: 20 }, () => ({ configMap: { items } })) },
      };
    });
    const container = { name: 'app', securityContext: { privileged: true } };
    const [record] = kubernetesWatch.read(
      Buffer.from(
        JSON.stringify({
          type: 'ADDED',
          object: { ...pod([container]), spec: { containers: [container], volumes: volumes.slice(0, 12) } },
        }),
      ),
      connection,
    ).records;
    expect(record).toMatchObject({ event: { type: 'ADDED' }, isCut: true });
    expect(record?.evaluations?.[0]?.findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^k8s-(?:privileged|not-checked)$/)]),
    );
  });
});

describe('an audit event', () => {
  const bad = objectOf([{ name: 'app', image: 'a:1', securityContext: { privileged: true } }]);
  const checksOf = (evaluation: ObjectEvaluation | undefined) => evaluation?.findings.map(({ check }) => check);

  it('of level Request is evaluated by its body, by the time of the request', () => {
    const evaluation = audited(
      { ...bad, metadata: { ...(bad['metadata'] as object), resourceVersion: '9' } },
      { responseObject: undefined, verb: 'update' },
    );
    expect(checksOf(evaluation)).toContain('k8s-privileged');
    expect(evaluation).toMatchObject({ version: null, changedAt: '2026-01-02T03:04:05.200000Z' });
  });

  it('of a patch is evaluated by its answer alone', () => {
    expect(checksOf(audited(bad, { verb: 'patch', requestObject: { spec: {} } }))).toContain('k8s-privileged');
    expect(audited(bad, { verb: 'patch', responseObject: undefined })).toBeUndefined();
  });

  it.each<[string, object]>([
    ['refused', { responseStatus: { code: 403 } }],
    ['a dry run', { requestURI: '/apis/apps/v1/namespaces/shop/deployments?dryRun=All&x=1' }],
    ['a look', { verb: 'get' }],
    [
      'about its scale',
      {
        objectRef: { resource: 'deployments', namespace: 'shop', name: 'web', apiGroup: 'apps', subresource: 'scale' },
      },
    ],
    ['of level Metadata', { requestObject: undefined, responseObject: undefined }],
    [
      'about a custom resource',
      { objectRef: { resource: 'deployments', namespace: 'shop', name: 'web', apiGroup: 'example.com' } },
    ],
  ])('is not evaluated when it is %s', (_, change) => {
    expect(audited(bad, change)).toBeUndefined();
  });

  it('that adds an ephemeral container is evaluated', () => {
    const debug = { name: 'debug', image: 'a:1', securityContext: { privileged: true } };
    const changed = { ...pod(), spec: { ...pod().spec, ephemeralContainers: [debug] } };
    const objectRef = {
      resource: 'pods',
      namespace: 'shop',
      name: 'web',
      apiVersion: 'v1',
      subresource: 'ephemeralcontainers',
    };
    expect(checksOf(audited(changed, { verb: 'patch', objectRef }))).toContain('k8s-privileged');
  });

  it('ends an object that is deleted, and keeps one that finalizers hold', () => {
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
    expect(audited(bad, { verb: 'delete', requestObject: {}, responseObject: status })).toMatchObject({
      isGone: true,
      version: null,
    });
    const held = {
      ...bad,
      metadata: { ...(bad['metadata'] as object), deletionTimestamp: '2026-01-02T03:04:05Z', finalizers: ['a'] },
    };
    expect(audited(held, { verb: 'delete', requestObject: {} })).toMatchObject({ isGone: false });
    const released = { ...held, metadata: { ...(held.metadata as object), finalizers: [] } };
    expect(audited(released, { verb: 'patch' })).toMatchObject({ isGone: true });
  });

  it('by which the garbage collector ends an object has no specification in its answer', () => {
    const metadata = {
      name: 'web',
      namespace: 'shop',
      resourceVersion: '369',
      deletionTimestamp: '2026-01-02T03:04:05Z',
    };
    const answer = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
    const patch = { verb: 'patch', requestObject: { metadata: { finalizers: null } } };
    expect(audited(bad, { ...patch, responseObject: answer })).toMatchObject({
      isGone: true,
      version: '369',
      findings: [],
    });
    const held = { ...answer, metadata: { ...metadata, finalizers: ['foregroundDeletion'] } };
    expect(audited(bad, { ...patch, responseObject: held })).toBeUndefined();
  });

  it('that deletes a collection ends each of its objects, and fits a message', () => {
    const collection = (count: number) => ({
      ...{ kind: 'DeploymentList', apiVersion: 'apps/v1', metadata: {} },
      items: Array.from({ length: count }, (_, index) => ({
        ...{ metadata: { name: `web-${index}`, namespace: 'shop', resourceVersion: `${index + 1}` }, spec: {} },
      })),
    });
    const objectRef = { resource: 'deployments', namespace: 'shop', apiGroup: 'apps', apiVersion: 'v1' };
    const ended = (count: number) =>
      recordOf(
        kubernetesAudit,
        auditEvent(bad, { verb: 'deletecollection', objectRef, requestObject: {}, responseObject: collection(count) }),
      );
    expect(ended(3)?.evaluations).toMatchObject(
      [1, 2, 3].map((version) => ({ name: `web-${version - 1}`, version: `${version}`, isGone: true, findings: [] })),
    );
    const many = ended(5_000);
    expect(many!.evaluations!.length).toBeGreaterThan(100);
    expect(Buffer.byteLength(JSON.stringify(many))).toBeLessThan(252 * 1024);
  });
});

function nested(levels: number): JsonObject {
  let inner: JsonObject = {};
  for (let level = 0; level < levels - 10; level += 1) inner = { a: inner };
  return { name: 'v', csi: inner };
}

function pod(containers: JsonObject[] = [{ name: 'app', image: 'a:1' }]) {
  const metadata: JsonObject = { name: 'web', namespace: 'shop' };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } as JsonObject };
}

function objectOf(containers: object[], spec: object = {}): JsonObject {
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' } },
    spec: { template: { spec: { containers, ...spec } } },
  } as unknown as JsonObject;
}
