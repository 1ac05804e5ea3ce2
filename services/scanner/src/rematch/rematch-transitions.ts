import { Injectable } from '@nestjs/common';
import { vulnerabilitiesOf } from '@tidewaiter/advisories';
import { type Draft, draft, findingOpened, findingResolved } from '@tidewaiter/events';
import { failpoint } from '@tidewaiter/runtime';
import {
  type ChangedAdvisory,
  type ClaimedJob,
  FleetMatches,
  Jobs,
  type EvaluationVersions,
  Pushes,
  Store,
  type Transaction,
  type UnmatchedPackage,
  type PackageVulnerability,
  jobsOf,
} from '@tidewaiter/store';

import { findingData } from '../matching/finding-data.js';
import { matchPackages } from '../matching/match-packages.js';

/** Key of the job that rematches the packages of an older matching version. */
export const everything = 'everything';

/** Packages of one batch of matching. */
const batchSize = 500;
/** Advisories of one batch of matching. */
const advisoriesAtOnce = 50;
/**
 * Limit on verdicts queued at once after an upgrade of the analyzers: a fleet is processed in
 * batches.
 */
const maxWaiting = 50;

/** Transactions that change matches, their events and the following jobs together. */
@Injectable()
export class RematchTransitions {
  constructor(
    private readonly store: Store,
    private readonly fleet: FleetMatches,
    private readonly pushes: Pushes,
    private readonly jobs: Jobs,
  ) {}

  /**
   * Matches the packages that the advisories of a change name, and publishes which findings opened
   * and resolved.
   */
  async apply(job: ClaimedJob): Promise<{ opened: number; resolved: number }> {
    const applied = await this.store.transaction(async (tx) => {
      await this.fleet.hold(tx);
      const advisories = await this.fleet.changed(tx, job.key);
      const counts = { opened: 0, resolved: 0 };
      for (const some of byVulnerability(advisories)) {
        const { opened, resolved } = await this.#applySome(tx, some);
        counts.opened += opened;
        counts.resolved += resolved;
      }
      await this.jobs.finish(tx, job);
      return counts;
    });
    failpoint('rematch.applied');
    return applied;
  }

  /**
   * Rematches packages that an older version matched: publishes no findings, but updates verdicts.
   */
  async matchOutdated(job: ClaimedJob, signal: AbortSignal): Promise<{ packages: number }> {
    for (let packages = 0; ;) {
      signal.throwIfAborted();
      const matched = await this.store.transaction((tx) => this.#matchBatch(tx));
      failpoint('rematch.some-matched');
      packages += matched;
      if (matched > 0) continue;
      await this.store.transaction((tx) => this.jobs.finish(tx, job));
      return { packages };
    }
  }

  /**
   * Queues the verdicts of older analyzers, an older matching version or other rules, oldest first.
   */
  async queueOutdated(current: EvaluationVersions): Promise<void> {
    const { queued } = await this.jobs.backlog('reevaluate');
    await this.store.transaction(async (tx) => {
      if (await this.fleet.hasOutdated(tx)) await tx.enqueue({ queue: 'rematch', key: everything, class: 'bulk' });
      const pushes = await this.pushes.outdated(tx, current, Math.max(0, maxWaiting - queued));
      await tx.enqueue(...jobsOf('reevaluate', pushes, 'bulk'));
    });
    failpoint('rematch.outdated-queued');
  }

  async #applySome(
    tx: Transaction,
    advisories: readonly ChangedAdvisory[],
  ): Promise<{ opened: number; resolved: number }> {
    const vulnerabilityIds = await this.fleet.concerned(tx, advisories);
    const packages = await this.fleet.named(tx, advisories);
    const advisoryIds = new Set(advisories.map(({ id }) => id));
    const opened: PackageVulnerability[] = [];
    const resolved: PackageVulnerability[] = [];
    for (let start = 0; start < packages.length; start += batchSize) {
      const some = packages.slice(start, start + batchSize);
      const changed = await this.#matchAgain(tx, some, advisoryIds, vulnerabilityIds);
      opened.push(...changed.opened);
      resolved.push(...changed.resolved);
    }
    const drafts = {
      opened: await this.#drafts(tx, advisoryIds, opened, findingOpened),
      resolved: await this.#drafts(tx, advisoryIds, resolved, findingResolved),
    };
    await tx.emit(...drafts.opened, ...drafts.resolved);
    await this.#reevaluate(tx, [...opened, ...resolved]);
    return { opened: drafts.opened.length, resolved: drafts.resolved.length };
  }

  /**
   * Matches packages with all advisories about some vulnerabilities, as one advisory may withdraw
   * the match of another. Adds the ids of all matched advisories to `advisoryIds`.
   */
  async #matchAgain(
    tx: Transaction,
    packages: readonly UnmatchedPackage[],
    advisoryIds: Set<string>,
    vulnerabilityIds: readonly string[],
  ): Promise<{ opened: PackageVulnerability[]; resolved: PackageVulnerability[] }> {
    const about = await this.fleet.candidatesFor(tx, packages, vulnerabilityIds);
    for (const { advisory } of about) advisoryIds.add(advisory.id);
    // An update that also fixes other vulnerabilities is evaluated by the advisories about those as
    // well.
    const all = new Set([...vulnerabilityIds, ...about.flatMap(({ advisory }) => vulnerabilitiesOf(advisory))]);
    const isWider = all.size > vulnerabilityIds.length;
    const candidates = isWider ? await this.fleet.candidatesFor(tx, packages, [...all]) : about;
    const cpesOf = await this.fleet.cpesFor(tx, packages);
    const matches = matchPackages(packages, candidates, cpesOf).filter(({ advisoryId }) => advisoryIds.has(advisoryId));
    const rematch = { packages, advisoryIds: [...advisoryIds], vulnerabilityIds: [...all] };
    return this.fleet.replace(tx, rematch, [...matches]);
  }

  async #matchBatch(tx: Transaction): Promise<number> {
    await this.fleet.hold(tx);
    const packages = await this.fleet.outdated(tx, batchSize);
    const candidates = await this.fleet.candidatesFor(tx, packages);
    const cpesOf = await this.fleet.cpesFor(tx, packages);
    const changed = await this.fleet.rematched(tx, packages, [...matchPackages(packages, candidates, cpesOf)]);
    await this.#reevaluate(
      tx,
      changed.map((packageId) => ({ packageId })),
    );
    return packages.length;
  }

  async #drafts(
    tx: Transaction,
    advisoryIds: ReadonlySet<string>,
    changes: readonly PackageVulnerability[],
    event: typeof findingOpened,
  ): Promise<Draft[]> {
    if (changes.length === 0) return [];
    const described = await this.fleet.describe(tx, [...advisoryIds], changes);
    return described.map((each) => draft(event, each.vulnerabilityId, findingData(each)));
  }

  /** Updates the verdicts of tagged digests in the background. */
  async #reevaluate(tx: Transaction, changes: readonly Pick<PackageVulnerability, 'packageId'>[]): Promise<void> {
    if (changes.length === 0) return;
    const packageIds = new Set(changes.map(({ packageId }) => packageId));
    const current = await this.pushes.currentWith(tx, [...packageIds]);
    await tx.enqueue(...jobsOf('reevaluate', current, 'bulk'));
  }
}

/**
 * Splits advisories into small batches, those of one vulnerability together: hostile images hold
 * packages that all advisories name.
 */
function* byVulnerability(advisories: readonly ChangedAdvisory[]): Generator<ChangedAdvisory[]> {
  let some: ChangedAdvisory[] = [];
  for (const about of Map.groupBy(advisories, ({ vulnerabilityId }) => vulnerabilityId).values()) {
    some.push(...about);
    if (some.length < advisoriesAtOnce) continue;
    yield some;
    some = [];
  }
  if (some.length > 0) yield some;
}
