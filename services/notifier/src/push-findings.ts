import { Injectable } from '@nestjs/common';
import { compareSeverity, countFindings, type Digest, groupByLocation, layerNotAnalyzedId } from '@tidewaiter/domain';
import type { PushFinding, PushReport } from '@tidewaiter/messages';
import {
  type Image,
  type ImageFinding,
  Images,
  type JudgedPush,
  Judgements,
  type Push,
  Pushes,
} from '@tidewaiter/store';

/** Kinds that matter where an image ran or was pulled before it was replaced. */
const lastingKinds: ReadonlySet<string> = new Set(['secret', 'integrity', 'malware']);

/** What was found in a push, against what it is compared with. Those that count: people are not told of what somebody decided to bear with. */
@Injectable()
export class PushFindings {
  constructor(
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly judgements: Judgements,
  ) {}

  /** @param isWhole whether all of it could be read: only then is something gone that was there before */
  async of(push: Push, isWhole: boolean): Promise<Pick<PushReport, 'platforms' | 'findings' | 'resolved' | 'counts'>> {
    const images = await this.images.ofPush(push.id);
    const now = await this.#findingsOf(push, images);
    const baseline = push.comparedWith?.digest ?? push.previousDigest;
    const before = baseline === null ? [] : await this.#findingsBefore(push, baseline);
    return {
      platforms: images.map(({ platform }) => platform),
      findings: merged(now, images, fingerprints(before)),
      counts: countFindings(now),
      resolved:
        isWhole && !now.some(({ id }) => id === layerNotAnalyzedId)
          ? merged(before.filter(isMissingIn(now)), images, new Set())
          : [],
    };
  }

  /**
   * Findings of a push that had been replaced when it arrived: those that are as bad after it was replaced, and that neither what it
   * replaced nor what the tag has now has, too.
   */
  async ofLate(push: Push): Promise<Pick<PushReport, 'platforms' | 'findings' | 'resolved' | 'counts'>> {
    const images = await this.images.ofPush(push.id);
    const all = await this.#findingsOf(push, images);
    const own = all.filter(({ kind }) => lastingKinds.has(kind));
    const before = push.previousDigest === null ? [] : await this.#findingsBefore(push, push.previousDigest);
    const { registryHost, connection, repository, tag } = push;
    const current = tag && (await this.pushes.current({ registry: registryHost ?? connection, repository, tag }));
    const now = current ? await this.#findingsOf(current, await this.images.ofPush(current.id)) : [];
    const known = fingerprints([...before, ...now]);
    const findings = merged(own, images, known).filter(({ isNew }) => isNew);
    return { platforms: images.map(({ platform }) => platform), findings, counts: countFindings(all), resolved: [] };
  }

  async #findingsBefore(push: Push, digest: Digest): Promise<ImageFinding[]> {
    return this.#findingsOf({ ...push, digest }, await this.images.ofDigest(digest));
  }

  async #findingsOf(push: JudgedPush, images: readonly Image[]): Promise<ImageFinding[]> {
    return (await this.judgements.of(push, images, [])).findings;
  }
}

/** A finding of several platforms is listed once. */
function merged(
  findings: readonly ImageFinding[],
  images: readonly Image[],
  known: ReadonlySet<string>,
): PushFinding[] {
  const platformOf = new Map(images.map(({ digest, platform }) => [digest, platform]));
  return groupByLocation(findings).map((group) => ({
    finding: group.toSorted((a, b) => compareSeverity(a.severity, b.severity))[0]!,
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
