import { Injectable } from '@nestjs/common';
import { ageWarnings } from '@tidewaiter/advisories';
import { type Digest, findingOf } from '@tidewaiter/domain';
import type { DataOf, imageAnalyzed, imageReexamined } from '@tidewaiter/events';
import { type ChangeSummary, type PushChanges, summaryOf } from '@tidewaiter/integrity';
import type { PushFinding, PushReport } from '@tidewaiter/messages';
import { type Image, PipelineReports, type Push, PushDifferences, Pushes, Owners } from '@tidewaiter/store';

import { PushFindings } from './push-findings.js';

/** Builds the report of a push. */
@Injectable()
export class PushReports {
  constructor(
    private readonly pushes: Pushes,
    private readonly findings: PushFindings,
    private readonly differences: PushDifferences,
    private readonly pipelines: PipelineReports,
    private readonly owners: Owners,
  ) {}

  /**
   * Null when the push is gone, or has no tag: the platforms of an index come alone first, and the
   * index stands for them. What was there before its registry was connected is not announced
   * either.
   */
  async of(
    stored: Push | null,
    { changes, previousDigest, awaited = [] }: DataOf<typeof imageAnalyzed>,
  ): Promise<PushReport | null> {
    if (!stored || stored.digest === null || stored.tag === null || stored.origin === 'imported') return null;
    // Earlier pushes may arrive after this one was compared: then the comparison counts.
    const push = { ...stored, digest: stored.digest, previousDigest };
    return push.isLate ? this.#late(push) : this.#whole(push, changes, awaited);
  }

  /** The current report of a push that was announced; null when the push is gone. */
  async now(pushId: string): Promise<PushReport | null> {
    const stored = await this.pushes.get(pushId);
    if (!stored || stored.digest === null) return null;
    const push = { ...stored, digest: stored.digest };
    if (push.isLate) return this.#late(push);
    const changes = await this.differences.of(pushId);
    return this.#whole(push, changes && summaryOf(changes), []);
  }

  async #whole(
    push: Push & { digest: Digest },
    changes: Pick<ChangeSummary, 'packages'> | null,
    awaited: readonly string[],
  ): Promise<PushReport> {
    const { warnings: all, changes: changed } = await this.differences.withWarnings(push.id);
    // Warnings about unreadable parts of the image; the age of advisories does not belong to one
    // push.
    const warnings = all.filter(({ code }) => !ageWarnings.has(code));
    const { images, ...found } = await this.findings.of(push, warnings.length === 0, new Set(awaited));
    return {
      ...(await this.#about(push, images)),
      ...found,
      packagesChanged: changes && wasRead(changed) ? { ...changes.packages, upgraded: changes.packages.changed } : null,
      changes: changed,
      warnings: warnings.map(({ message, path }) => (path ? `${path}: ${message}` : message)),
    };
  }

  /** Findings that came or went after a push was announced. */
  async ofCorrection(data: DataOf<typeof imageReexamined>): Promise<PushReport | null> {
    const stored = await this.pushes.get(data.pushId);
    if (!stored || stored.digest === null || stored.origin === 'imported') return null;
    const push = { ...stored, digest: stored.digest, previousDigest: data.previousDigest };
    const { images, findings, counts } = await this.findings.of(push, false);
    const opened = new Set(data.opened.map(({ fingerprint }) => fingerprint));
    return {
      ...(await this.#about(push, images)),
      // Content that replaced it must not resolve an alert about this digest.
      ...(!data.isCurrent && { tag: null }),
      findings: findings
        .filter(({ finding }) => opened.has(finding.fingerprint))
        .map((each) => ({ ...each, isNew: true })),
      resolved: data.resolved.map(resolvedFinding),
      counts,
      packagesChanged: null,
      changes: null,
      warnings: [],
    };
  }

  /**
   * A push that had been replaced when it arrived: the tag does not have it, and what was compared
   * with it is news of other pushes.
   */
  async #late(push: Push & { digest: Digest }): Promise<PushReport> {
    const { images, ...found } = await this.findings.ofLate(push);
    return {
      ...(await this.#about(push, images)),
      tag: null,
      previousDigest: null,
      comparedWith: null,
      ...found,
      packagesChanged: null,
      changes: null,
      warnings: [],
    };
  }

  async #about(push: Push & { digest: Digest }, images: readonly Image[]) {
    return {
      registry: push.registryHost ?? push.connection,
      repository: push.repository,
      tag: push.tag,
      digest: push.digest,
      platforms: images.map(({ platform }) => platform),
      owner: this.owners.ofRead(push, images),
      pushedBy: push.pushedBy,
      pushedAt: (push.pushedAt ?? push.receivedAt).toISOString(),
      pipeline: await this.pipelines.runOf(push.id),
      previousDigest: push.comparedWith?.digest ?? push.previousDigest,
      comparedWith: push.comparedWith,
    };
  }
}

function resolvedFinding(named: DataOf<typeof imageReexamined>['resolved'][number]): PushFinding {
  const finding = findingOf({ kind: 'supply-chain', layer: null, state: 'present', ...named });
  return { finding, isNew: false, platforms: [] };
}

/**
 * Whether anything was there to compare with; unknown for older pushes, which count as compared.
 */
function wasRead(changes: PushChanges | null): boolean {
  return changes === null || changes.platforms.some(({ change }) => change !== 'unread');
}
