import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Every, Health, Logger } from '@tidewaiter/runtime';
import { readNote, writeNote } from '@tidewaiter/spool';

import { AgentMetrics } from '../agent-metrics.js';
import { AgentConfig } from '../config.js';
import { Membership } from '../hub/membership.js';
import { Outbox } from '../outbox/outbox.js';
import { KubernetesApi } from './kubernetes-api.js';
import { ResourceWatcher } from './resource-watcher.js';
import { watchedResources } from './resources.js';

interface NamedObject {
  kind: string;
  namespace: string;
  name: string;
}

/** An object as owner references name it. */
export interface ObjectOwner extends NamedObject {
  apiVersion: string;
  uid: string;
}

const snapshotEveryMs = 60_000;
const resyncCheckMs = 5_000;

/** Follows the resources of the cluster, and goes on after a restart where it was. */
@Injectable()
export class Watchers implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #stopped = new AbortController();
  readonly #watchers: readonly ResourceWatcher[];
  readonly #folder: string;
  #running: Promise<void> | undefined;
  /** Whether the hub lacks changes: the list has to be sent again once it takes events. */
  #isIncomplete = false;

  constructor(
    config: AgentConfig,
    api: KubernetesApi,
    private readonly outbox: Outbox,
    membership: Membership,
    metrics: AgentMetrics,
    health: Health,
    logger: Logger,
  ) {
    const keep = async (lines: string, events: number) => {
      metrics.received('kubernetes-watch', events);
      await outbox.add('kubernetes-watch', lines, events);
    };
    const resources = config.watch === 'on' ? watchedResources : [];
    this.#watchers = resources.map((resource) => new ResourceWatcher(resource, api, keep, logger));
    this.#folder = join(config.folder, 'watch');
    outbox.onDrop = (source) => (this.#isIncomplete ||= source === 'kubernetes-watch');
    membership.onRejoin = () => (this.#isIncomplete = true);
    health.add('kubernetes', async () => this.problem ?? undefined);
    metrics.objects(() => this.#watchers.map(({ resource, objects }) => [resource.name, objects]));
  }

  /** Resources that cannot be followed, with the reason; null if all are. */
  get problem(): string | null {
    const problems = this.#watchers.flatMap(({ resource, problem }) =>
      problem === null ? [] : [`${resource.name}: ${problem}`],
    );
    return problems.length === 0 ? null : problems.join(', ');
  }

  /** Looks up objects of this moment by kind and name; null for one that is not there. */
  owners(): (object: NamedObject) => ObjectOwner | null {
    const byKind = new Map(
      this.#watchers.map((watcher) => [watcher.resource.kind, { ...watcher.resource, uids: watcher.uids() }]),
    );
    return ({ kind, namespace, name }) => {
      const known = byKind.get(kind);
      const uid = known?.uids.get(`${namespace}/${name}`);
      return uid === undefined ? null : { apiVersion: known!.apiVersion, kind, namespace, name, uid };
    };
  }

  onApplicationBootstrap(): void {
    this.#running = this.#run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  @Every(snapshotEveryMs)
  async saveSnapshots(): Promise<void> {
    for (const watcher of this.#watchers) {
      const snapshot = watcher.snapshot();
      if (snapshot !== null) await writeNote(join(this.#folder, `${watcher.resource.name}.json`), snapshot);
    }
  }

  @Every(resyncCheckMs)
  async completeHub(): Promise<void> {
    if (!this.#isIncomplete || !this.outbox.isEmpty) return;
    this.#isIncomplete = false;
    for (const watcher of this.#watchers) watcher.resync();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const watcher of this.#watchers)
      watcher.restore(await readNote(join(this.#folder, `${watcher.resource.name}.json`)));
    await Promise.all(this.#watchers.map(async (watcher) => watcher.run(signal)));
    await this.saveSnapshots();
  }
}
