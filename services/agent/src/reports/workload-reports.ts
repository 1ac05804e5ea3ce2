import { setTimeout as sleep } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { type ClusterImage, clusterImage, type ClusterWorkload, workloadsAnswer } from '@tidewaiter/agent-protocol';
import { InvalidInput } from '@tidewaiter/domain';
import { Every, Health, Logger, reasonOf } from '@tidewaiter/runtime';

import { AgentConfig } from '../config.js';
import { Hub } from '../hub/hub.js';
import { Membership } from '../hub/membership.js';
import { KubernetesRefusal } from '../kubernetes/kubernetes-api.js';
import { type ObjectOwner, Watchers } from '../kubernetes/watchers.js';
import { policyReport } from './policy-report.js';
import { type ReportObject, reportObject, revisionKey } from './report-object.js';
import { type ReportResource, ReportStore } from './report-store.js';
import { vulnerabilityReport } from './vulnerability-report.js';

/** Kinds of reports, in the order in which an installed one is taken. */
const resources: Readonly<Record<'policy' | 'vulnerability', readonly ReportResource[]>> = {
  policy: [
    { apiVersion: 'openreports.io/v1alpha1', kind: 'Report', plural: 'reports' },
    { apiVersion: 'wgpolicyk8s.io/v1alpha2', kind: 'PolicyReport', plural: 'policyreports' },
  ],
  vulnerability: [
    { apiVersion: 'aquasecurity.github.io/v1alpha1', kind: 'VulnerabilityReport', plural: 'vulnerabilityreports' },
  ],
};

type Writer = 'policy' | 'vulnerability';

const checkEveryMs = 5_000;
const reportEveryMs = 15 * 60_000;
const retryAfterMs = 60_000;
/** Pause between questions to the hub. */
const pauseMs = 100;

/** Writes what the hub knows about the workloads as objects of the cluster, where asked. */
@Injectable()
export class WorkloadReports {
  #dueMs = 0;
  #problem: string | undefined;

  constructor(
    private readonly config: AgentConfig,
    private readonly hub: Hub,
    private readonly membership: Membership,
    private readonly watchers: Watchers,
    private readonly store: ReportStore,
    private readonly logger: Logger,
    health: Health,
  ) {
    health.add('reports', async () => this.#problem);
  }

  @Every(checkEveryMs)
  async writeWhenDue(signal: AbortSignal): Promise<void> {
    const { reports } = this.config;
    // An owner is known once the watchers have listed its kind.
    if (reports.length === 0 || !this.membership.hasCredential || this.watchers.problem !== null) return;
    if (Date.now() < this.#dueMs) return;
    try {
      const targets = await this.#targets(reports, signal);
      await this.#write(targets, signal);
      const missing = reports.filter((writer) => !targets.has(writer));
      this.#note(missing.length === 0 ? undefined : `not installed: ${missing.map(kindsOf).join(', ')}`);
      this.#dueMs = Date.now() + reportEveryMs;
    } catch (error) {
      if (signal.aborted) return;
      this.#note(error instanceof KubernetesRefusal ? `the API server answers ${error.status}` : reasonOf(error));
      this.#dueMs = Date.now() + retryAfterMs;
    }
  }

  #note(problem: string | undefined): void {
    if (problem !== undefined && problem !== this.#problem) this.logger.warn({ problem }, 'reports not written');
    this.#problem = problem;
  }

  async #targets(writers: readonly Writer[], signal: AbortSignal): Promise<Map<Writer, ReportTarget>> {
    const targets = new Map<Writer, ReportTarget>();
    for (const writer of writers) {
      const [resource, ...others] = await this.store.installed(resources[writer], signal);
      if (resource) targets.set(writer, await this.#target(resource, signal));
      // Another kind was the only one once.
      for (const other of others) await (await this.#target(other, signal)).removeRest(signal);
    }
    return targets;
  }

  async #target(resource: ReportResource, signal: AbortSignal): Promise<ReportTarget> {
    return new ReportTarget(resource, this.store, await this.store.written(resource, signal));
  }

  async #write(targets: ReadonlyMap<Writer, ReportTarget>, signal: AbortSignal): Promise<void> {
    if (targets.size === 0) return;
    const began = performance.now();
    const images = new Map<string, Promise<ClusterImage | null>>();
    const owners = this.watchers.owners();
    for await (const workload of this.#workloads(signal)) {
      const owner = owners(workload);
      if (owner) await this.#report(owner, workload, { targets, images, signal });
    }
    for (const target of targets.values()) await target.removeRest(signal);
    const counts = Object.fromEntries([...targets].map(([writer, { changed }]) => [writer, changed]));
    this.logger.info({ ...counts, duration_ms: Math.round(performance.now() - began) }, 'reports written');
  }

  async #report(
    owner: ObjectOwner,
    workload: ClusterWorkload,
    { targets, images, signal }: { targets: ReadonlyMap<Writer, ReportTarget>; images: Images; signal: AbortSignal },
  ): Promise<void> {
    const imageOf = async (digest: string) => {
      if (!images.has(digest)) images.set(digest, this.#image(digest, signal));
      return images.get(digest)!;
    };
    const known: ClusterImage[] = [];
    for (const digest of new Set(workload.containers.map((container) => container.digest))) {
      const image = await imageOf(digest);
      if (image !== null) known.push(image);
    }
    const policy = targets.get('policy');
    if (policy) await policy.put(reportObject(owner, policyReport(policy.resource, owner, workload, known)), signal);
    const vulnerability = targets.get('vulnerability');
    if (!vulnerability) return;
    const now = new Date();
    // During an update a container has two images for a while: the report is about one of them.
    const byName = new Map(workload.containers.map(({ name, digest }) => [name, digest]));
    for (const [name, digest] of byName) {
      const image = known.find((each) => each.digest === digest);
      // Without a verdict nothing is known about the image: an empty list would be wrong.
      if (image === undefined || image.verdict === null || name === null) continue;
      await vulnerability.put(reportObject(owner, vulnerabilityReport(owner, { container: name, image, now })), signal);
    }
  }

  async *#workloads(signal: AbortSignal): AsyncGenerator<ClusterWorkload> {
    for (let after: string | null = null; ;) {
      const query = after === null ? '' : `?after=${encodeURIComponent(after)}`;
      const answer = await this.hub.request(`/agent/v1/workloads${query}`, { method: 'GET', signal });
      const { items, next } = workloadsAnswer.parse(answer);
      yield* items;
      if (next === null) return;
      after = next;
      await sleep(pauseMs, undefined, { signal });
    }
  }

  /** An image that the hub does not know any more is left out. */
  async #image(digest: string, signal: AbortSignal): Promise<ClusterImage | null> {
    await sleep(pauseMs, undefined, { signal });
    try {
      return clusterImage.parse(await this.hub.request(`/agent/v1/images/${digest}`, { method: 'GET', signal }));
    } catch (error) {
      if (error instanceof InvalidInput) return null;
      throw error;
    }
  }
}

type Images = Map<string, Promise<ClusterImage | null>>;

/** Reports of one kind: those that changed are written, those that no workload has are deleted. */
class ReportTarget {
  readonly #left: Map<string, { namespace: string; name: string; revision: string | null }>;
  changed = 0;

  constructor(
    readonly resource: ReportResource,
    private readonly store: ReportStore,
    written: readonly { namespace: string; name: string; revision: string | null }[],
  ) {
    this.#left = new Map(written.map((each) => [keyOf(each), each]));
  }

  async put(report: ReportObject, signal: AbortSignal): Promise<void> {
    const key = keyOf(report.metadata);
    const before = this.#left.get(key);
    this.#left.delete(key);
    if (before !== undefined && before.revision === report.metadata.annotations[revisionKey]) return;
    await this.store.apply(this.resource, report, signal);
    this.changed += 1;
  }

  async removeRest(signal: AbortSignal): Promise<void> {
    for (const report of this.#left.values()) await this.store.remove(this.resource, report, signal);
  }
}

function keyOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

function kindsOf(writer: Writer): string {
  return resources[writer].map(({ apiVersion, plural }) => `${plural}.${apiVersion.split('/')[0]}`).join(' or ');
}
