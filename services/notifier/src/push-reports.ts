import { Injectable } from '@nestjs/common';
import type { DataOf, imageAnalyzed } from '@tidewaiter/events';
import type { PushChanges } from '@tidewaiter/integrity';
import type { PushReport } from '@tidewaiter/messages';
import { PipelineReports, PushDifferences, Pushes } from '@tidewaiter/store';

import { Owners } from './owners.js';
import { PushFindings } from './push-findings.js';

/** Gathers what there is to say about a push. */
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
   * Null when the push is gone, or has no tag: the platforms of an index come alone first, and the index speaks for them. What was
   * there before its registry was connected is nobody's news either.
   */
  async of({ pushId, counts, changes }: DataOf<typeof imageAnalyzed>): Promise<PushReport | null> {
    const push = await this.pushes.get(pushId);
    if (!push || push.digest === null || push.tag === null || push.origin === 'imported') return null;
    const warnings = await this.pushes.warnings(pushId);
    const [owner = null] = await this.owners.ofImages([push]);
    const changed = await this.differences.of(pushId);
    return {
      registry: push.registryHost ?? push.connection,
      repository: push.repository,
      tag: push.tag,
      digest: push.digest,
      owner,
      pushedBy: push.pushedBy,
      pushedAt: (push.pushedAt ?? push.receivedAt).toISOString(),
      pipeline: await this.pipelines.runOf(pushId),
      previousDigest: push.previousDigest,
      ...(await this.findings.of(push, warnings.length === 0)),
      packagesChanged: changes && wasRead(changed) ? { ...changes.packages, upgraded: changes.packages.changed } : null,
      changes: changed,
      warnings: warnings.map(({ message, path }) => (path ? `${path}: ${message}` : message)),
      counts,
    };
  }
}

/** Whether anything was there to compare with; of pushes of before it is not known, and nothing was said against it. */
function wasRead(changes: PushChanges | null): boolean {
  return changes === null || changes.platforms.some(({ change }) => change !== 'unread');
}
