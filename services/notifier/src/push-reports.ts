import { Injectable } from '@nestjs/common';
import type { DataOf, imageAnalyzed } from '@tidewaiter/events';
import type { PushChanges } from '@tidewaiter/integrity';
import type { PushFinding, PushReport } from '@tidewaiter/messages';
import {
  type Image,
  type ImageFinding,
  Images,
  type JudgedPush,
  Judgements,
  PushDifferences,
  Pushes,
} from '@tidewaiter/store';

/** @see https://github.com/opencontainers/image-spec/blob/main/annotations.md */
const revisionLabel = 'org.opencontainers.image.revision';

/** Gathers what there is to say about a push. */
@Injectable()
export class PushReports {
  constructor(
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly judgements: Judgements,
    private readonly differences: PushDifferences,
  ) {}

  /**
   * Null when the push is gone, or has no tag: the platforms of an index come alone first, and the index speaks for them. What was
   * there before its registry was connected is nobody's news either.
   */
  async of({ pushId, counts, changes }: DataOf<typeof imageAnalyzed>): Promise<PushReport | null> {
    const push = await this.pushes.get(pushId);
    if (!push || push.digest === null || push.tag === null || push.origin === 'imported') return null;
    const images = await this.images.ofPush(pushId);
    const warnings = await this.pushes.warnings(pushId);
    const changed = await this.differences.of(pushId);
    const now = await this.#findingsOf(push, images);
    const { previousDigest } = push;
    const before =
      previousDigest === null
        ? null
        : await this.#findingsOf({ ...push, digest: previousDigest }, await this.images.ofDigest(previousDigest));
    return {
      registry: push.registryHost ?? push.connection,
      repository: push.repository,
      tag: push.tag,
      digest: push.digest,
      platforms: images.map(({ platform }) => platform),
      pushedBy: push.pushedBy,
      revision: images[0]?.labels[revisionLabel] ?? null,
      pushedAt: (push.pushedAt ?? push.receivedAt).toISOString(),
      previousDigest,
      findings: merged(now, images, fingerprints(before ?? [])),
      // What could not be read may hold it still: only a whole picture says that something is gone.
      resolved: warnings.length > 0 ? [] : merged((before ?? []).filter(isMissingIn(now)), images, new Set()),
      packagesChanged: changes && wasRead(changed) ? { ...changes.packages, upgraded: changes.packages.changed } : null,
      changes: changed,
      warnings: warnings.map(({ message, path }) => (path ? `${path}: ${message}` : message)),
      counts,
    };
  }

  /** Those that count: people are not told of what somebody decided to bear with. */
  async #findingsOf(push: JudgedPush, images: readonly Image[]): Promise<ImageFinding[]> {
    return (await this.judgements.of(push, images, [])).findings;
  }
}

/** Whether anything was there to compare with; of pushes of before it is not known, and nothing was said against it. */
function wasRead(changes: PushChanges | null): boolean {
  return changes === null || changes.platforms.some(({ change }) => change !== 'unread');
}

/** The same hole of the same package version on several platforms is told once. */
function merged(
  findings: readonly ImageFinding[],
  images: readonly Image[],
  known: ReadonlySet<string>,
): PushFinding[] {
  const platformOf = new Map(images.map(({ digest, platform }) => [digest, platform]));
  const groups = Map.groupBy(findings, ({ fingerprint, installedVersion, state }) =>
    [fingerprint, installedVersion, state].join('\n'),
  );
  return [...groups.values()].map((group) => ({
    finding: group[0]!,
    isNew: !known.has(group[0]!.fingerprint),
    platforms: [...new Set(group.flatMap(({ imageDigest }) => platformOf.get(imageDigest) ?? []))].toSorted(),
  }));
}

/** What the previous push showed; a finding that was only shadowed there is new when it comes to light. */
function fingerprints(findings: readonly ImageFinding[]): Set<string> {
  return new Set(findings.filter(({ state }) => state === 'present').map(({ fingerprint }) => fingerprint));
}

function isMissingIn(findings: readonly ImageFinding[]): (finding: ImageFinding) => boolean {
  const present = fingerprints(findings);
  return ({ fingerprint, state }) => state === 'present' && !present.has(fingerprint);
}
