import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describeWith, programs } from '@tidewaiter/testkit';
import { parseAllDocuments } from 'yaml';

import { valueFiles } from './chart-files.js';
import { type Cluster, helmPrograms, kube, startCluster } from './kubernetes.js';

/** Kinds of operators, which a cluster has only with their definitions. */
const foreignKinds = {
  'monitoring.coreos.com': { v1: ['ServiceMonitor', 'PrometheusRule'] },
  'keda.sh': { v1alpha1: ['ScaledObject'] },
  'cert-manager.io': { v1: ['Certificate'] },
  'gateway.networking.k8s.io': { v1: ['HTTPRoute'] },
};

const definitions = Object.entries(foreignKinds).flatMap(([group, versions]) =>
  Object.entries(versions).flatMap(([name, kinds]) => kinds.map((kind) => definitionOf(group, name, kind))),
);

/** Definition of a kind without its fields: it shows that group, version and kind are right. */
function definitionOf(group: string, name: string, kind: string) {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for a test' },
    },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [
        {
          name,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  };
}

/**
 * Real API servers of two ages: the older one is Kubernetes 1.20 with a few later APIs and refuses
 * by its own validation; the newer one refuses every field that 1.36 does not know.
 */
describeWith(helmPrograms, kube, programs('etcd', 'zstd', 'python3')).each([
  ['1.20 with later APIs', {}],
  ['1.36', { SERVER: 'kube-apiserver-libs', REPORT: '' }],
])('The chart on Kubernetes %s', (_, options) => {
  let cluster: Cluster | undefined;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidewaiter-chart-'));
    cluster = await startCluster(options);
    const file = join(folder, 'definitions.json');
    writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: definitions }));
    await cluster.kubectl('apply', '-f', file);
    await cluster.kubectl('wait', '--for=condition=established', '--timeout=60s', '-f', file);
  });

  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true });
  });

  it.each(valueFiles)('is accepted with %s, at an installation, an upgrade and a rollback', async (file) => {
    const name = file.replaceAll(/^ci\/|\.yaml$/g, '');
    const namespace = `ns-${name}`;
    const release = [name, '.', '-n', namespace, '-f', file];
    // Without a node the Job of a hook would never end.
    await cluster!.helm('install', ...release, '--create-namespace', '--no-hooks');
    await cluster!.helm('upgrade', ...release, '--no-hooks', '--set', 'pod.logLevel=debug');
    await cluster!.helm('rollback', name, '1', '-n', namespace, '--no-hooks');
    const manifest = parseAllDocuments(await cluster!.helm('get', 'manifest', name, '-n', namespace));
    expect(manifest.length).toBeGreaterThan(5);

    const hooks = await cluster!.helm('get', 'hooks', name, '-n', namespace);
    expect(hooks.includes('kind: Job')).toBe(file.includes('split'));
    if (!hooks.includes('kind: Job')) return;
    const hooksFile = join(folder, `${name}.yaml`);
    writeFileSync(hooksFile, hooks);
    await cluster!.kubectl('apply', '-n', namespace, '-f', hooksFile);
  });
});
