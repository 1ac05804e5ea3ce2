/** A fleet of pods whose sensors send a steady stream of events: many processes, few new pods. */
import { setTimeout as sleep } from 'node:timers/promises';

import { hexOf } from '../faults/images.ts';
import type { FaultyPlatform } from '../faults/platform.ts';
import { sensorToken } from '../faults/rig-files.ts';

const pods = 120;
const nodes = 12;
const teams = 15;
/** The oldest pod is replaced by a new one. */
const newPodEveryMs = 20_000;
const answerWithinMs = 8_000;

interface Pod {
  namespace: string;
  name: string;
  node: string;
  containerId: string;
}

export class Fleet {
  readonly #platform: FaultyPlatform;
  readonly #eventsPerSecond: number;
  /** One of so many events matches a rule. */
  readonly #alertOfEvents: number;
  accepted = 0;
  refused = 0;
  readonly #pods: Pod[] = [];
  #created = 0;
  #number = 0;

  constructor(platform: FaultyPlatform, eventsPerSecond: number, alertOfEvents: number) {
    this.#platform = platform;
    this.#eventsPerSecond = eventsPerSecond;
    this.#alertOfEvents = alertOfEvents;
    while (this.#pods.length < pods) this.#createPod();
  }

  /** Sends one event after the other until it is aborted. */
  async send(signal: AbortSignal): Promise<void> {
    const sent: Promise<void>[] = [];
    const began = Date.now();
    while (!signal.aborted) {
      // By the clock, so that a slow machine does not lower the rate.
      const due = ((Date.now() - began) * this.#eventsPerSecond) / 1_000;
      for (; this.#number < due; this.#number += 1) sent.push(this.#sendOne(this.#number));
      if (Date.now() - began > (this.#created - pods + 1) * newPodEveryMs) {
        this.#pods.shift();
        this.#createPod();
      }
      await sleep(200, undefined, { signal }).catch(() => undefined);
      if (sent.length > 1_000) await Promise.all(sent.splice(0));
    }
    await Promise.all(sent);
  }

  #createPod(): void {
    const name = `app-${this.#created}`;
    const team = this.#created % teams;
    // One of them is notified in a channel for people, too.
    const namespace = team === 0 ? 'chat-0' : `team-${team}`;
    this.#pods.push({ namespace, name, node: `node-${this.#created % nodes}`, containerId: hexOf(name) });
    this.#created += 1;
  }

  async #sendOne(number: number): Promise<void> {
    const pod = this.#pods[(number * 7) % this.#pods.length]!;
    const sensor = sensors[number % sensors.length]!;
    const events = shapes[sensor](pod, number, number % this.#alertOfEvents === 0);
    const answer = await fetch(`${this.#platform.ingestUrl}/hooks/runtime/${sensor}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sensorToken}`, 'content-type': 'application/x-ndjson' },
      body: events.map((event) => JSON.stringify(event)).join('\n'),
      signal: AbortSignal.timeout(answerWithinMs),
    }).catch(() => null);
    await answer?.text().catch(() => null);
    if (answer?.ok) this.accepted += 1;
    else this.refused += 1;
  }
}

const sensors = ['tetragon', 'falco', 'kubernetes-audit'] as const;
const image = { repository: 'registry.example.com/shop/app', tag: '1' };

/** Events of one act; Tetragon reports the start and the end of a process. */
const shapes: Record<(typeof sensors)[number], (pod: Pod, number: number, isAlerting: boolean) => object[]> = {
  tetragon: ({ namespace, name, node, containerId }, number, isAlerting) => {
    const time = new Date().toISOString();
    const execId = (of: string) => Buffer.from(`${node}:${name}:${of}`).toString('base64');
    const container = { id: `containerd://${containerId}`, name: 'app', image: { name: `${image.repository}:1` } };
    const pod = { namespace, name, container };
    const parent = { exec_id: execId('0'), pid: 1, binary: '/bin/sh', pod };
    const process = {
      exec_id: execId(String(number)),
      pid: 100 + number,
      uid: 0,
      cwd: '/',
      binary: isAlerting ? '/usr/bin/probe' : '/usr/bin/other',
      arguments: `--job ${number}`,
      start_time: time,
      pod,
    };
    return [
      { process_exec: { process, parent }, node_name: node, time },
      { process_exit: { process, parent, status: 0 }, node_name: node, time },
    ];
  },
  falco: ({ namespace, name, node, containerId }, number, isAlerting) => [
    {
      hostname: node,
      output: `shell in ${name}`,
      output_fields: {
        'container.id': containerId.slice(0, 12),
        'container.image.repository': image.repository,
        'container.image.tag': image.tag,
        'k8s.ns.name': namespace,
        'k8s.pod.name': name,
        'proc.name': 'sh',
        'proc.cmdline': `sh -c job-${number}`,
        'user.name': 'root',
      },
      priority: isAlerting ? 'Critical' : 'Debug',
      // A rule of Tidewaiter's own feed is an event, not an alert.
      rule: isAlerting ? 'Soak sees a shell' : 'Tidewaiter feed',
      source: 'syscall',
      tags: isAlerting ? ['T1059'] : ['tidewaiter_feed'],
      time: new Date().toISOString(),
    },
  ],
  'kubernetes-audit': ({ namespace }, number, isAlerting) => {
    const time = new Date().toISOString();
    return [
      {
        kind: 'Event',
        apiVersion: 'audit.k8s.io/v1',
        level: 'Metadata',
        auditID: hexOf(`audit ${number}`, 32),
        stage: 'ResponseComplete',
        requestURI: `/api/v1/namespaces/${namespace}/secrets/probed`,
        verb: 'get',
        user: { username: `user-${number % 20}`, groups: ['system:authenticated'] },
        sourceIPs: [`10.0.${number % 20}.9`],
        userAgent: 'kubectl/v1.30.2',
        objectRef: {
          resource: isAlerting ? 'secrets' : 'configmaps',
          apiVersion: 'v1',
          namespace,
          name: isAlerting ? 'probed' : 'plain',
        },
        responseStatus: { metadata: {}, code: 200 },
        requestReceivedTimestamp: time,
        stageTimestamp: time,
      },
    ];
  },
};
