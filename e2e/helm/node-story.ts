import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { buildImage, pushImage, startRegistry, webhookSink } from '@tidewaiter/testkit';

import { temporaryFolder, until } from '../tidewaiter.js';
import { slowMs } from './kubernetes.js';

const hookSecret = 'hook-secret-of-the-test';
const sensorToken = 'sensor-token-of-the-test';

/** A registry that is pushed to, a sensor, and a channel, of an installation on the node. */
export interface NodeStory {
  /** Addresses of the registry and the channel on this machine. */
  registryUrl: string;
  sinkUrl: string;
  /**
   * The two configuration files.
   * @param registryUrl address of the registry for pods
   * @param sinkUrl address of the channel for pods
   */
  config(registryUrl?: string, sinkUrl?: string): { tidewaiter: string; routing: string };
  /** Pushes an image of its own, with a private key that is in no other. */
  push(repository: string): Promise<void>;
  /** Pushes an image a second until `change` has ended. Returns their repositories. */
  pushDuring(prefix: string, change: () => Promise<void>): Promise<string[]>;
  /** Waits until each repository has had an alert; returns the alerts that came more than once. */
  alerted(repositories: readonly string[]): Promise<string[]>;
  /** Reports a shell as Falco does, and waits for the incident. */
  reportShell(): Promise<void>;
  stop(): Promise<void>;
}

/** @param ingestPort port of ingest on this machine, to which registry and sensor send */
export async function startNodeStory(ingestPort: number): Promise<NodeStory> {
  const ingestUrl = `http://127.0.0.1:${ingestPort}`;
  const notify = { url: `${ingestUrl}/hooks/registry/main`, headers: { Authorization: `Bearer ${hookSecret}` } };
  const [sink, registry] = await Promise.all([webhookSink(), startRegistry({ notify })]);
  const alertLabels = () =>
    sink.received
      .flatMap(({ body }) => (body as { alerts: { labels: Record<string, string> }[] }).alerts)
      .map(({ labels }) => labels);
  const push = async (repository: string): Promise<void> => {
    const folder = temporaryFolder();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const content = privateKey.export({ type: 'pkcs1', format: 'pem' });
    await buildImage(folder, { layers: [[{ path: 'root/.ssh/id_rsa', content }]] });
    await pushImage(registry, `${repository}:1`, `oci:${folder}:latest`);
  };
  return {
    registryUrl: registry.url,
    sinkUrl: sink.url,
    config: (registryUrl = registry.url, sinkUrl = sink.url) => ({
      tidewaiter: JSON.stringify({
        registries: [
          { name: 'main', kind: 'distribution', url: registryUrl, allowPrivate: true, webhookSecret: hookSecret },
        ],
        sensors: [{ name: 'falco', kind: 'falco', cluster: 'local', token: sensorToken, silentAfter: 'never' }],
      }),
      routing: JSON.stringify({
        route: { receiver: 'sink', group_by: ['...'], group_wait: '0s' },
        receivers: [{ name: 'sink', webhook_configs: [{ url: sinkUrl }] }],
      }),
    }),
    push,
    async pushDuring(prefix, change) {
      const pushed: string[] = [];
      const ended = new AbortController();
      const changing = change().finally(() => ended.abort());
      while (!ended.signal.aborted) {
        const repository = `${prefix}-${pushed.length + 1}`;
        await push(repository);
        pushed.push(repository);
        await sleep(1_000);
      }
      await changing;
      return pushed;
    },
    async alerted(repositories) {
      const isAlerted = () => {
        const known = new Set(alertLabels().map(({ repository }) => repository));
        return repositories.every((repository) => known.has(repository));
      };
      await until(`alerts about ${repositories.join(', ')}`, isAlerted, slowMs);
      const asked = alertLabels().filter(({ repository = '' }) => repositories.includes(repository));
      const texts = asked.map((labels) => JSON.stringify(labels));
      return texts.filter((each, index) => texts.indexOf(each) !== index);
    },
    async reportShell() {
      const answer = await fetch(`${ingestUrl}/hooks/runtime/falco`, {
        method: 'POST',
        headers: { authorization: `Bearer ${sensorToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(shellEvent()),
      });
      if (answer.status !== 202) throw new Error(`ingest answered ${answer.status}`);
      await until('an incident', () => alertLabels().some(({ kind }) => kind === 'incident'), slowMs);
    },
    async stop() {
      await registry.stop();
      await sink.stop();
    },
  };
}

function shellEvent() {
  const time = new Date().toISOString();
  return {
    uuid: randomUUID(),
    output: `${time}: Critical A shell in a container that has none`,
    priority: 'Critical',
    rule: 'Shell where none belongs',
    time,
    source: 'syscall',
    hostname: 'node-1',
    tags: ['T1059', 'container', 'shell'],
    output_fields: {
      'container.id': '0123456789ab',
      'container.name': 'checkout',
      'k8s.ns.name': 'shop',
      'k8s.pod.name': 'checkout-7d4c',
      'proc.name': 'bash',
      'proc.cmdline': 'bash -i',
      'user.name': 'root',
    },
  };
}
