/** Senders of the rig: registries that repeat a webhook until it is accepted, and sensors. */
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Moment, SentEvent, SentWebhook } from './check.ts';
import { hexOf, push, pushTag, smallImage, type SmallImage } from './images.ts';
import { type OddRepository, oddRepositories } from './odd-sources.ts';
import type { FaultyPlatform } from './platform.ts';
import type { SeededRandom } from './random.ts';
import { secret, sensorToken } from './rig-files.ts';

/** Repository of every push; one of GitHub has a namespace. */
export const repository = 'shop/app';
const repeatAfterMs = 250;
const answerWithinMs = 8_000;
const trickleMs = 500;

interface Hook {
  headers?: Record<string, string>;
  body: object;
}

type HookKind = (tag: string, digest: string) => Hook;

/** Webhooks of a push in the shape of some registries, with and without an id and a digest. */
const hookKinds: Record<string, HookKind> = {
  distribution: (tag, digest) => ({
    headers: { 'content-type': 'application/vnd.docker.distribution.events.v1+json' },
    body: {
      events: [
        {
          id: `event-${tag}`,
          timestamp: new Date().toISOString(),
          action: 'push',
          target: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository, tag },
          request: { host: 'registry.example.com', method: 'PUT' },
        },
      ],
    },
  }),
  harbor: (tag, digest) => ({
    body: {
      type: 'PUSH_ARTIFACT',
      occur_at: Math.floor(Date.now() / 1_000),
      operator: 'ci',
      event_data: {
        resources: [{ digest, tag, resource_url: `h.example/${repository}:${tag}` }],
        repository: { repo_full_name: repository, namespace: 'shop', name: 'app' },
      },
    },
  }),
  quay: (tag) => ({
    body: {
      repository,
      docker_url: `quay.example/${repository}`,
      homepage: 'https://quay.example',
      updated_tags: [tag],
      name: 'app',
    },
  }),
  generic: (tag) => ({ body: { type: 'container.image.push', data: { repository, tag } } }),
  ghcr: (tag, digest) => ({
    headers: { 'x-github-event': 'package', 'x-github-delivery': `delivery-${tag}` },
    body: {
      action: 'published',
      sender: { login: 'octocat' },
      package: {
        name: 'app',
        namespace: 'shop',
        package_type: 'CONTAINER',
        package_version: {
          version: digest,
          package_url: `ghcr.io/${repository}:${tag}`,
          updated_at: new Date().toISOString(),
          container_metadata: { tag: { name: tag, digest }, manifest: { digest } },
        },
      },
    },
  }),
};

const kindNames = Object.keys(hookKinds);
/** Kinds whose webhooks have neither an id nor a time. */
const namelessKinds: ReadonlySet<string> = new Set(['quay', 'generic']);

/**
 * Namespaces with a channel of their own, one event each. Few, because a channel for people gets no
 * more than some messages a minute.
 */
const specialNames = ['e', 'chat', 'mail', 'refusing', 'reminded'];

/** Load of one schedule. */
export interface Amount {
  webhooks: number;
  /** Pushes of new images, which the registry announces itself. */
  pushes: number;
  events: number;
  /** Number of events that match a rule. */
  alerting: number;
  loadMs: number;
}

export class Load {
  readonly webhooks: SentWebhook[] = [];
  readonly events: SentEvent[] = [];
  readonly moments: Moment[] = [];
  readonly #platform: FaultyPlatform;
  readonly #images: readonly SmallImage[];
  readonly #random: SeededRandom;
  #accepted = 0;
  #refused = 0;
  #giveUpAtMs = Infinity;

  constructor(platform: FaultyPlatform, images: readonly SmallImage[], random: SeededRandom) {
    this.#platform = platform;
    this.#images = images;
    this.#random = random;
  }

  /**
   * Sends everything; resolves when all is accepted, or given up some time after the last fault.
   */
  async send(prefix: string, amount: Amount, giveUpAfterMs: number, faults: AbortSignal): Promise<void> {
    faults.addEventListener('abort', () => (this.#giveUpAtMs = Date.now() + giveUpAfterMs));
    const watching = new AbortController();
    const watch = this.#watch(watching.signal);
    const spread = (index: number, count: number) => (amount.loadMs * index) / count;
    await Promise.all([
      ...Array.from({ length: amount.webhooks }, async (_, index) => {
        await sleep(spread(index, amount.webhooks));
        await this.pushTagged(`s${prefix}-${index}`, kindNames[index % kindNames.length]!);
      }),
      ...Array.from({ length: amount.pushes }, async (_, index) => {
        await sleep(spread(index, amount.pushes));
        await this.#pushNew(`s${prefix}-new-${index}`);
      }),
      this.#sendOdd(`s${prefix}-odd`, amount.loadMs),
      ...this.#requests(prefix, amount).map(async ({ sensor, events, atMs }) => {
        await sleep(atMs);
        await this.#sendEvents(sensor, events);
      }),
      sleep(amount.loadMs).then(async () => this.trickle(prefix, faults)),
    ]);
    watching.abort();
    await watch;
  }

  /** Goes on with little load while faults last, so that each meets some. */
  async trickle(prefix: string, signal: AbortSignal): Promise<void> {
    const sent: Promise<unknown>[] = [];
    const sensors = ['tetragon', 'falco', 'kubernetes-audit'] as const;
    for (let number = 0; !signal.aborted; number += 1) {
      sent.push(this.pushTagged(`s${prefix}-more-${number}`, kindNames[number % kindNames.length]!));
      const sensor = sensors[number % sensors.length]!;
      sent.push(this.#sendEvents(sensor, [eventOf(sensor, `more-${prefix}-${number}`, number % 3 === 0)]));
      await sleep(trickleMs, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(sent);
  }

  /** Moves a tag in the registry, and announces that as a registry of some kind does. */
  async pushTagged(key: string, kind: string): Promise<SentWebhook> {
    const image = this.#random.pick(this.#images);
    await pushTag(this.#platform.registry, repository, key, image);
    const sent: SentWebhook = { key, kind, acceptedAtMs: null };
    this.webhooks.push(sent);
    const { headers = {}, body } = hookKinds[kind]!(key, image.digest);
    const text = JSON.stringify(body);
    const proof: Record<string, string> =
      kind === 'ghcr'
        ? { 'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}` }
        : { authorization: `Bearer ${secret}` };
    const { acceptedAtMs, unanswered } = await this.#untilAccepted(`registry/${kind}`, text, {
      'content-type': 'application/json',
      ...headers,
      ...proof,
    });
    return Object.assign(sent, { acceptedAtMs }, namelessKinds.has(kind) && { unanswered });
  }

  async #pushNew(key: string): Promise<void> {
    const sent: SentWebhook = { key, kind: 'live', acceptedAtMs: null };
    this.webhooks.push(sent);
    await push(this.#platform.live, 'shop/new', key, await smallImage(key));
    // The registry repeats its webhook by itself.
    sent.acceptedAtMs = Date.now();
  }

  /** Pushes that do not end as the others do, or that no webhook announces. */
  async #sendOdd(prefix: string, loadMs: number): Promise<void> {
    const ends: Record<Exclude<OddRepository, 'silent'>, Partial<SentWebhook>> = {
      windows: { end: 'refused' },
      chart: { end: 'not-an-image', messages: [0, 0] },
      torn: {},
      sealed: {},
      // Its failure and the end of that are announced, too, unless it was over before.
      denied: { messages: [1, 3] },
    };
    await Promise.all(
      Object.entries(ends).map(async ([name, expected], index) => {
        await sleep((loadMs * index) / 6);
        const key = `${prefix}-${name}`;
        const sent: SentWebhook = { key, kind: name, acceptedAtMs: null, ...expected };
        this.webhooks.push(sent);
        const { body } = hookKinds['generic']!(key, '');
        const text = JSON.stringify(body).replaceAll(repository, oddRepositories[name as OddRepository]);
        const proof = { 'content-type': 'application/json', authorization: `Bearer ${secret}` };
        Object.assign(sent, await this.#untilAccepted('registry/odd', text, proof));
      }),
    );
    // A mail server that takes a mail for one of two recipients, and that for the other later. The
    // refusals of many schedules could all meet one mail, which would then wait for half an hour.
    const { mail } = this.#platform;
    if (mail.refusals.length === 0) mail.next({ at: 'rcpt', code: 451 });
    await Promise.all([this.#missedByGithub(`${prefix}-missed`), this.#silent(`${prefix}-silent`)]);
  }

  /** A webhook that GitHub sends again only when it is asked. */
  async #missedByGithub(key: string): Promise<void> {
    const { registry, odd } = this.#platform;
    const image = this.#random.pick(this.#images);
    await pushTag(registry, repository, key, image);
    const sent: SentWebhook = { key, kind: 'ghcr', acceptedAtMs: null };
    this.webhooks.push(sent);
    const { headers = {}, body } = hookKinds['ghcr']!(key, image.digest);
    const text = JSON.stringify(body);
    const proof = `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`;
    odd.failedHook(`delivery-${key}`, async () => {
      const answer = await this.#post('registry/ghcr', text, {
        'content-type': 'application/json',
        ...headers,
        'x-hub-signature-256': proof,
      });
      if (answer?.ok) sent.acceptedAtMs ??= Date.now();
      // Its body has neither an id nor a time, so that one that was taken without an answer counts.
      if (answer === null) sent.unanswered = (sent.unanswered ?? 0) + 1;
      return answer?.ok ?? false;
    });
    await this.#untilDone(async () => sent.acceptedAtMs !== null, 'redeliver', 'ghcr');
  }

  /** A tag without a webhook, which the comparison of the registry finds. */
  async #silent(key: string): Promise<void> {
    const { odd } = this.#platform;
    odd.place(key, await smallImage(key));
    const sent: SentWebhook = { key, kind: 'silent', acceptedAtMs: null };
    this.webhooks.push(sent);
    const isFound = async () => {
      const found = await this.#platform.query('SELECT 1 FROM push WHERE tag = $1', [key]);
      // Seen once, it must be there in the end, whatever PostgreSQL is restored to.
      if (found.length > 0) sent.acceptedAtMs = Date.now();
      return found.length > 0;
    };
    await this.#untilDone(isFound, 'reconcile', 'odd');
  }

  /** Queues a job of the platform's own clock until it has had its effect. */
  async #untilDone(isDone: () => Promise<boolean>, queue: string, key: string): Promise<void> {
    while (Date.now() < this.#giveUpAtMs && !(await isDone())) {
      await this.#platform.queue(queue, key);
      await sleep(500);
    }
  }

  /** Requests of sensors with a few events each, which start evenly over the load. */
  #requests(prefix: string, { events, alerting, loadMs }: Amount) {
    const sensors = ['tetragon', 'falco', 'kubernetes-audit'] as const;
    const perRequest = 5;
    const every = Math.max(1, Math.floor(events / Math.max(1, alerting)));
    const requests: { sensor: string; events: { sent: SentEvent; text: string }[]; atMs: number }[] = [];
    for (let first = 0; first < events; first += perRequest) {
      const sensor = sensors[(first / perRequest) % sensors.length]!;
      const some = Array.from({ length: Math.min(perRequest, events - first) }, (_, index) => {
        const number = first + index;
        const isAlerting = number % every === 0 && number / every < alerting;
        const name = (isAlerting && specialNames[number / every]) || 'e';
        return eventOf(sensor, `${name}-${prefix}-${number}`, isAlerting);
      });
      requests.push({ sensor, events: some, atMs: (loadMs * first) / events });
    }
    return requests;
  }

  async #sendEvents(sensor: string, events: readonly { sent: SentEvent; text: string }[]): Promise<void> {
    this.events.push(...events.map(({ sent }) => sent));
    const body = events.map(({ text }) => text).join('\n');
    const { acceptedAtMs } = await this.#untilAccepted(`runtime/${sensor}`, body, {
      authorization: `Bearer ${sensorToken}`,
      'content-type': 'application/x-ndjson',
    });
    for (const { sent } of events) sent.acceptedAtMs = acceptedAtMs;
  }

  async #untilAccepted(
    path: string,
    body: string,
    headers: Record<string, string>,
  ): Promise<{ acceptedAtMs: number | null; unanswered: number }> {
    let unanswered = 0;
    while (Date.now() < this.#giveUpAtMs) {
      const answer = await this.#post(path, body, headers);
      const text = (await answer?.text().catch(() => null)) ?? null;
      if (answer?.ok && text !== null) {
        this.#accepted += 1;
        return { acceptedAtMs: Date.now(), unanswered };
      }
      if (text === null) unanswered += 1;
      if (answer !== null && [400, 401, 403, 404, 413].includes(answer.status))
        throw new Error(`${path} answers ${answer.status}: ${text}`);
      this.#refused += 1;
      await sleep(repeatAfterMs);
    }
    return { acceptedAtMs: null, unanswered };
  }

  async #post(path: string, body: string, headers: Record<string, string>): Promise<Response | null> {
    const signal = AbortSignal.timeout(answerWithinMs);
    const url = `${this.#platform.ingestUrl}/hooks/${path}`;
    return fetch(url, { method: 'POST', headers, body, signal }).catch(() => null);
  }

  /** Notes what ingest says of itself, beside what becomes of the requests. */
  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [accepted, refused] = [this.#accepted, this.#refused];
      await sleep(500, undefined, { signal }).catch(() => undefined);
      const problems = await this.#platform.readiness('ingest-1');
      this.moments.push({
        atMs: Date.now(),
        isReady: problems === '',
        accepted: this.#accepted - accepted,
        refused: this.#refused - refused,
      });
    }
  }
}

function eventOf(
  sensor: 'tetragon' | 'falco' | 'kubernetes-audit',
  namespace: string,
  isAlerting: boolean,
): { sent: SentEvent; text: string } {
  const at = new Date().toISOString();
  const { rule, event } = shapes[sensor](namespace, isAlerting, at);
  return {
    sent: { key: namespace, sensor, rule: isAlerting ? rule : null, acceptedAtMs: null },
    text: JSON.stringify(event),
  };
}

/** Members of a request that creates a pod, whose findings the detector stores. */
function podOf(namespace: string) {
  return {
    level: 'Request',
    objectRef: { resource: 'pods', apiVersion: 'v1', namespace, name: 'app' },
    requestObject: {
      kind: 'Pod',
      metadata: { name: 'app', namespace },
      spec: { containers: [{ name: 'app', image: 'registry.example.com/shop/app:1' }] },
    },
  };
}

const shapes = {
  tetragon: (namespace: string, isAlerting: boolean, at: string) => {
    const node = `node-${hexOf(namespace, 8)}`;
    const execId = (of: string) => Buffer.from(`${node}:${of}`).toString('base64');
    const pod = {
      namespace,
      name: `app-${hexOf(namespace, 5)}`,
      container: {
        id: `containerd://${hexOf(namespace)}`,
        name: 'app',
        image: { name: 'registry.example.com/shop/app:1' },
      },
    };
    const binary = isAlerting ? '/usr/bin/probe' : '/usr/bin/other';
    const process = {
      exec_id: execId('1'),
      pid: 100,
      uid: 0,
      cwd: '/',
      binary,
      arguments: namespace,
      start_time: at,
      pod,
    };
    const parent = { exec_id: execId('0'), pid: 1, binary: '/bin/sh', pod };
    return { rule: 'Probe runs', event: { process_exec: { process, parent }, node_name: node, time: at } };
  },
  falco: (namespace: string, isAlerting: boolean, at: string) => ({
    rule: 'Rig sees a shell',
    event: {
      hostname: `node-${hexOf(namespace, 8)}`,
      output: `shell in ${namespace}`,
      output_fields: {
        'container.id': hexOf(namespace, 12),
        'container.image.repository': 'registry.example.com/shop/app',
        'container.image.tag': '1',
        'k8s.ns.name': namespace,
        'k8s.pod.name': `app-${hexOf(namespace, 5)}`,
        'proc.name': 'sh',
        'proc.cmdline': `sh -c ${hexOf(namespace, 6)}`,
        'user.name': 'root',
      },
      priority: isAlerting ? 'Critical' : 'Debug',
      // A rule of Tidewaiter's own feed is an event, not an alert.
      rule: isAlerting ? 'Rig sees a shell' : 'Tidewaiter feed',
      source: 'syscall',
      tags: isAlerting ? ['T1059'] : ['tidewaiter_feed'],
      time: at,
    },
  }),
  'kubernetes-audit': (namespace: string, isAlerting: boolean, at: string) => ({
    rule: 'Probed secret read',
    event: {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: hexOf(namespace, 32),
      stage: 'ResponseComplete',
      requestURI: `/api/v1/namespaces/${namespace}/secrets/probed`,
      verb: 'get',
      user: { username: `user-${hexOf(namespace, 8)}`, groups: ['system:authenticated'] },
      sourceIPs: [
        `10.${Number.parseInt(hexOf(namespace, 2), 16)}.${Number.parseInt(hexOf(namespace, 4).slice(2), 16)}.9`,
      ],
      userAgent: 'kubectl/v1.30.2',
      objectRef: {
        resource: isAlerting ? 'secrets' : 'configmaps',
        apiVersion: 'v1',
        namespace,
        name: isAlerting ? 'probed' : 'plain',
      },
      responseStatus: { metadata: {}, code: 200 },
      requestReceivedTimestamp: at,
      stageTimestamp: at,
      ...(!isAlerting && hexOf(namespace, 1) < '4' && { verb: 'create', ...podOf(namespace) }),
    },
  }),
};
