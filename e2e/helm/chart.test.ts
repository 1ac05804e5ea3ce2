import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { actions, readLocalPolicy } from '@tidewaiter/containment';
import { containmentActions, version } from '@tidewaiter/domain';
import { channelReaders } from '@tidewaiter/receivers';
import { parseRouting } from '@tidewaiter/routing';
import { metricCatalog, parseSettings } from '@tidewaiter/runtime';
import { describeWith } from '@tidewaiter/testkit';
import { Ajv } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';

import { writeSecretFiles } from '../../cli/src/secrets/secret-files.js';
import { watchedResources } from '../../services/agent/src/kubernetes/resources.js';
import { chart, chartFile, valueFiles } from './chart-files.js';
import { helm, helmPrograms } from './kubernetes.js';

const root = resolve(__dirname, '../..');

interface KubernetesObject {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  spec: Record<string, unknown> & { template?: { spec: PodSpec } };
  data?: Record<string, string>;
}

interface AccessRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

interface PodSpec {
  automountServiceAccountToken: boolean;
  enableServiceLinks: boolean;
  hostNetwork?: boolean;
  securityContext: Record<string, unknown>;
  containers: {
    env?: { name: string }[];
    securityContext: Record<string, unknown>;
  }[];
  volumes: { name: string; secret?: { items?: { key: string }[] }; hostPath?: unknown }[];
}

async function render(file: string, ...args: string[]): Promise<KubernetesObject[]> {
  const text = await helm('template', 'tidewaiter', '.', '-n', 'security', '-f', file, ...args);
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubernetesObject | null)
    .filter((object) => object !== null);
}

function podsOf(objects: readonly KubernetesObject[]): PodSpec[] {
  return objects.flatMap(({ spec }) => spec?.template?.spec ?? []);
}

const refuseFile = (path: string): string => {
  // Secrets that a value file names; the text does not matter.
  if (path.includes('/run/secrets/')) return 'https://hooks.example.com/T/B/x';
  throw new Error(`${path} is not there`);
};

describe('values.schema.json', () => {
  const schema = JSON.parse(chartFile('values.schema.json')) as Schema;

  interface Schema {
    description?: string;
    type?: string;
    properties?: Record<string, Schema>;
    additionalProperties?: boolean | Schema;
  }

  const undescribed = ({ properties = {} }: Schema, path: string): string[] =>
    Object.entries(properties).flatMap(([name, each]) => [
      ...(each.description ? [] : [`${path}${name}`]),
      ...undescribed(each, `${path}${name}.`),
    ]);

  const unknown = (values: Record<string, unknown>, { properties }: Schema, path: string): string[] =>
    Object.entries(values).flatMap(([name, value]) => {
      if (!properties) return [];
      const each = properties[name];
      if (!each) return [`${path}${name}`];
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      return isObject ? unknown(value as Record<string, unknown>, each, `${path}${name}.`) : [];
    });

  it('describes every value, and has no other', () => {
    expect(undescribed(schema, '')).toEqual([]);
    const values = parse(chartFile('values.yaml')) as Record<string, unknown>;
    expect(unknown(values, schema, '')).toEqual([]);
    const missing = Object.keys(schema.properties!).filter((name) => !(name in values) && name !== 'global');
    expect(missing).toEqual([]);
  });

  it.each([
    ['an unknown value', { consolUrl: 'x' }],
    ['an unknown value of a service', { scanner: { replica: 3 } }],
    ['another topology', { topology: 'both' }],
    ['a digest that is none', { image: { digest: 'latest' } }],
    ['a time-out that Kubernetes refuses', { admission: { timeoutSeconds: 31 } }],
    ['a name that is none', { secrets: { existingSecret: 'My Secret' } }],
  ])('refuses %s', (_, values) => {
    const validate = new Ajv({ strict: false }).compile(schema);
    expect(validate({})).toBe(true);
    expect(validate(values)).toBe(false);
  });
});

describe('Chart.yaml', () => {
  it('has the version of the release', () => {
    expect(parse(chartFile('Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });
});

describeWith(helmPrograms)('The chart', () => {
  it.each(valueFiles)('passes lint --strict with %s', async (file) => {
    expect(await helm('lint', '--strict', '.', '-f', file)).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it.each(valueFiles)('runs its pods under the profile "restricted" with %s', async (file) => {
    const pods = podsOf(await render(file));
    expect(pods.length).toBeGreaterThan(0);
    for (const pod of pods) {
      expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
      expect(pod.hostNetwork ?? false).toBe(file.includes('host-network'));
      expect(pod.volumes.filter(({ hostPath }) => hostPath)).toEqual([]);
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const { securityContext } of pod.containers)
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          runAsNonRoot: true,
          capabilities: { drop: ['ALL'] },
          seccompProfile: { type: 'RuntimeDefault' },
        });
    }
  });

  it('runs the agent alone, which may list and watch and nothing else', async () => {
    const set = 'topology=agent,agent.hubUrl=https://hub.example.com,agent.joinToken=token,agent.sensorToken=other';
    const objects = await render('values.yaml', '--set', set);
    const kinds = [
      'ClusterRole',
      'ClusterRoleBinding',
      'Deployment',
      'NetworkPolicy',
      'PersistentVolumeClaim',
      'Secret',
    ];
    expect(objects.map(({ kind }) => kind).toSorted()).toEqual([...kinds, 'Service', 'ServiceAccount']);
    const { rules } = objects.find(({ kind }) => kind === 'ClusterRole') as unknown as { rules: AccessRule[] };
    expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list', 'watch']));
    const allowed = rules.flatMap(({ apiGroups: [group], resources }) =>
      resources.map((name) => `${group === '' ? '/api/v1' : `/apis/${group}/v1`}/${name}`),
    );
    expect(allowed.toSorted()).toEqual(watchedResources.map(({ path }) => path).toSorted());
    const [pod] = podsOf(objects);
    expect(pod?.containers[0]?.securityContext).toMatchObject({ readOnlyRootFilesystem: true, runAsNonRoot: true });
  });

  describe('with a policy of containment', () => {
    const set = 'topology=agent,agent.hubUrl=https://hub.example.com,agent.joinToken=token';
    const hubKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const rendered = async (policy: object, clusterWide = false) => {
      const containment = { policy: { hubKeys: [hubKey], ...policy }, clusterWide };
      return render('values.yaml', '--set', set, '--set-json', `agent.containment=${JSON.stringify(containment)}`);
    };
    const rightsIn = (objects: readonly KubernetesObject[], kind: string) =>
      objects
        .filter((object) => object.kind === kind && object.metadata.name.includes('containment'))
        .flatMap((object) => (object as unknown as { rules: AccessRule[] }).rules)
        .flatMap(({ apiGroups: [apiGroup], resources, verbs }) =>
          resources.flatMap((resource) => verbs.map((verb) => `${verb} ${apiGroup}/${resource}`)),
        );

    it('gives the agent the file, which it can read', async () => {
      const objects = await rendered({ actions: ['isolate'], namespaces: ['shop'] });
      const file = objects.find(({ kind }) => kind === 'ConfigMap')?.data?.['policy.yaml'];
      expect(readLocalPolicy(file!)).toMatchObject({ dryRun: true, actions: ['isolate'], namespaces: ['shop'] });
    });

    it.each(containmentActions.filter((action) => action !== 'cordon-node'))(
      'gives exactly the rights of %s in each namespace',
      async (action) => {
        const objects = await rendered({ actions: [action], namespaces: ['shop', 'pay'] });
        const own = actions[action].rights
          .filter(({ resource }) => resource !== 'nodes')
          .flatMap(({ apiGroup, resource, verbs }) => verbs.map((verb) => `${verb} ${apiGroup}/${resource}`));
        const expected = new Set([...own, 'list /pods', 'list /events']);
        expect(objects.filter(({ kind }) => kind === 'RoleBinding')).toHaveLength(2);
        expect(new Set(rightsIn(objects, 'Role'))).toEqual(expected);
        expect(rightsIn(objects, 'ClusterRole')).toEqual([]);
      },
    );

    it('gives rights on nodes only where the policy names nodes', async () => {
      const objects = await rendered({ actions: ['cordon-node'], nodes: ['worker-*'] });
      const expected = actions['cordon-node'].rights.flatMap(({ verbs }) => verbs.map((verb) => `${verb} /nodes`));
      expect(rightsIn(objects, 'ClusterRole').toSorted()).toEqual(expected.toSorted());
      expect(rightsIn(await rendered({ actions: ['cordon-node'] }), 'ClusterRole')).toEqual([]);
    });

    it('needs the word of the operator for rights in all namespaces', async () => {
      const policy = { actions: ['isolate'], namespaces: ['shop-*'] };
      await expect(rendered(policy)).rejects.toThrow(/clusterWide/);
      expect(rightsIn(await rendered(policy, true), 'ClusterRole')).toContain(
        'create networking.k8s.io/networkpolicies',
      );
    });

    it('refuses a key that the policy does not have', async () => {
      await expect(rendered({ action: ['isolate'] })).rejects.toThrow(/action/);
    });
  });

  it.each([
    ['https://hub.example.com:9443', [443, 6443, 7070, 8080, 9443]],
    ['https://hub.example.com', [443, 6443, 7070, 8080]],
    ['http://[2001:db8::7]/hub', [443, 6443, 7070, 8080, 80]],
  ])('lets the agent reach the API server and the hub at %s, and nothing else', async (url, ports) => {
    const objects = await render('values.yaml', '--set', `topology=agent,agent.hubUrl=${url},agent.joinToken=token`);
    const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
    const [pod] = objects.filter(({ kind }) => kind === 'Deployment');
    expect(policies).toMatchObject([
      {
        spec: {
          podSelector: pod!.spec.selector,
          policyTypes: ['Ingress', 'Egress'],
          ingress: [{ ports: [{ port: 'events' }] }],
          egress: [
            { ports: [{ port: 53, protocol: 'UDP' }, { port: 53 }] },
            { ports: ports.map((port) => ({ port })) },
          ],
        },
      },
    ]);
  });

  it.each([
    ['policy', ['openreports.io/reports', 'wgpolicyk8s.io/policyreports']],
    ['vulnerability', ['aquasecurity.github.io/vulnerabilityreports']],
  ])('gives the agent the rights of reports of kind %s and no others', async (kind, resources) => {
    const set = `topology=agent,agent.hubUrl=https://hub.example.com,agent.joinToken=token,agent.reports.${kind}=true`;
    const objects = await render('values.yaml', '--set', set);
    const [role] = objects.filter((each) => each.kind === 'ClusterRole' && each.metadata.name.endsWith('-reports'));
    const { rules } = role as unknown as { rules: AccessRule[] };
    expect(rules.map(({ apiGroups, resources: names }) => `${apiGroups[0]}/${names[0]}`)).toEqual(resources);
    expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list', 'create', 'patch', 'delete']));
    expect(JSON.stringify(podsOf(objects))).toContain(`{"name":"TIDEWAITER_AGENT_REPORTS","value":"${kind}"}`);
  });

  it('refuses an agent without a hub', async () => {
    await expect(render('values.yaml', '--set', 'topology=agent')).rejects.toThrow(/agent.hubUrl/);
  });

  it.each(valueFiles)('makes no secret and no right with %s', async (file) => {
    const kinds = new Set((await render(file)).map(({ kind }) => kind));
    for (const kind of ['Secret', 'Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'])
      expect(kinds).not.toContain(kind);
  });

  it.each(valueFiles)('sets only variables that are documented with %s', async (file) => {
    const documented = readFileSync(join(root, 'docs/configuration.md'), 'utf8');
    const names = podsOf(await render(file)).flatMap(({ containers }) =>
      containers.flatMap(({ env = [] }) => env.map(({ name }) => name.replace(/_FILE$/, ''))),
    );
    expect([...new Set(names)].filter((name) => !documented.includes(name))).toEqual([]);
  });

  it.each(valueFiles)('has configuration that a service accepts with %s', async (file) => {
    const { data = {} } = (await render(file)).find(({ kind, data: files }) => files?.['tidewaiter.yaml'] && kind)!;
    parseSettings(data['tidewaiter.yaml']!, refuseFile);
    parseRouting(data['routing.yaml']!, { channels: channelReaders, readFile: refuseFile });
  });

  it('mounts the files that `tidewaiter secrets` makes, to each service its own', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-chart-'));
    const made = new Set(await writeSecretFiles(folder));
    rmSync(folder, { recursive: true });
    const objects = await render('ci/split.yaml');
    for (const { metadata, spec } of objects.filter((object) => object.spec?.template)) {
      const keys = spec.template!.spec.volumes.flatMap(({ secret }) => secret?.items?.map(({ key }) => key) ?? []);
      expect(keys.filter((key) => !made.has(key))).toEqual([]);
      const part = metadata.name.replace('tidewaiter-', '').replace('migrate', 'owner');
      const foreign = keys.filter((key) => key.endsWith('-url') && !key.startsWith(`${part}-`));
      expect(foreign).toEqual([]);
    }
  });

  it('scales by a metric of the services', async () => {
    const names = Object.values(metricCatalog).map(({ name }) => name as string);
    expect(names).toContain((parse(chartFile('values.yaml')) as Values).autoscaling.queueMetric);
    interface Values {
      autoscaling: { queueMetric: string };
    }
  });

  it('uses fields of later releases of Kubernetes only where the cluster has them', async () => {
    const old = JSON.stringify(await render('ci/split-production.yaml', '--kube-version', '1.23.0'));
    const recent = JSON.stringify(await render('ci/split-production.yaml', '--kube-version', '1.36.4'));
    for (const field of ['"sleep"', '"unhealthyPodEvictionPolicy"', '"matchConditions"']) {
      expect(old).not.toContain(field);
      expect(recent).toContain(field);
    }
  });

  it('replaces pods when the configuration changes', async () => {
    const checksum = async (...args: string[]) =>
      JSON.stringify(await render('ci/split.yaml', ...args)).match(/checksum\/config":"(\w+)/)![1];
    expect(await checksum('--set', 'config.routing=x')).not.toBe(await checksum());
    expect(JSON.stringify(await render('ci/split.yaml', '--set', 'config.restartOnChange=false'))).not.toContain(
      'checksum/',
    );
  });

  it('refuses admission without TLS, since Kubernetes calls webhooks by https only', async () => {
    await expect(render('ci/split.yaml', '--set', 'admission.enabled=true')).rejects.toThrow('needs tls.enabled');
    await render(
      'ci/split.yaml',
      '--set',
      'admission.enabled=true,admission.url=https://hub.example.com/admission/validate',
    );
  });

  it('asks about no object of its own namespace', async () => {
    const webhook = (await render('ci/split-production.yaml')).find(
      ({ kind }) => kind === 'ValidatingWebhookConfiguration',
    );
    expect(webhook).toMatchObject({
      webhooks: [
        {
          failurePolicy: 'Fail',
          timeoutSeconds: 5,
          namespaceSelector: {
            matchLabels: { tidewaiter: 'enforce' },
            matchExpressions: [
              { operator: 'NotIn', values: ['kube-system', 'kube-public', 'kube-node-lease', 'security'] },
              { key: 'team' },
            ],
          },
        },
      ],
    });
  });

  it('puts the rules and dashboards into its objects unchanged', async () => {
    const objects = await render('ci/split-production.yaml', '--set', 'monitoring.rules.runbookUrl=docs/runbooks');
    expect(objects.find(({ kind }) => kind === 'PrometheusRule')?.spec).toEqual(parse(chartFile('files/alerts.yaml')));
    const dashboards = objects.filter(({ metadata }) => metadata.name.includes('-dashboard-'));
    expect(dashboards).toHaveLength(4);
    for (const { data } of dashboards)
      for (const [name, text] of Object.entries(data!))
        expect(JSON.parse(text)).toEqual(JSON.parse(chartFile(`files/dashboards/${name}`)));
  });

  it('is packed with what it needs, and without its value files for tests', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-chart-'));
    writeFileSync(join(folder, 'values.yaml'), 'topology: split\n');
    await helm('package', '.', '--destination', folder);
    const packed = join(folder, `tidewaiter-${version}.tgz`);
    expect(await helm('template', 'x', packed, '-f', join(folder, 'values.yaml'))).toContain('kind: Deployment');
    await expect(helm('template', 'x', packed, '-f', join(chart, 'ci/none.yaml'))).rejects.toThrow('ci/none.yaml');
    rmSync(folder, { recursive: true });
  });
});
