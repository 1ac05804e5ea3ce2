import { Injectable } from '@nestjs/common';
import {
  compareSeverity,
  countFindings,
  type Digest,
  type Finding,
  findingIdentity,
  groupByLocation,
  isCounted,
  layerNotAnalyzedId,
} from '@tidewaiter/domain';
import type { PushFinding, PushReport } from '@tidewaiter/messages';
import { type ImageFinding, type Image, Images, Verdicts, type Push, Pushes } from '@tidewaiter/store';

/** Kinds that matter where an image ran or was pulled before it was replaced. */
const lastingKinds: ReadonlySet<string> = new Set(['secret', 'integrity', 'malware']);

/** Images of a push, and their findings. */
interface FoundInPush extends Pick<PushReport, 'findings' | 'resolved' | 'counts'> {
  images: readonly Image[];
}

/**
 * Findings of a push against its baseline. Only findings that count: accepted ones are not
 * reported.
 */
@Injectable()
export class PushFindings {
  constructor(
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly evaluations: Verdicts,
  ) {}

  /**
   * @param isWhole whether all of it could be read: only then is something gone that was there
   * before
   * @param awaited fingerprints of findings that are not announced yet
   */
  async of(push: Push, isWhole: boolean, awaited: ReadonlySet<string> = new Set()): Promise<FoundInPush> {
    const baseline = push.comparedWith?.digest ?? push.previousDigest;
    const { images, now, before } = await this.#nowAndBefore(push, baseline);
    return {
      images,
      findings: (await this.#withLayers(merged(now, images, before), now)).filter(
        ({ finding }) => !awaited.has(finding.fingerprint),
      ),
      counts: countFindings(now),
      resolved:
        isWhole && !now.some(({ id }) => id === layerNotAnalyzedId)
          ? merged(before.filter(isMissingIn(now)), images, [])
          : [],
    };
  }

  /**
   * Findings of a push that had been replaced when it arrived: those that are as bad after it was
   * replaced, and that neither what it replaced nor what the tag has now has, too.
   */
  async ofLate(push: Push): Promise<FoundInPush> {
    const images = await this.images.ofPush(push.id);
    const all = await this.evaluations.unsuppressed(push, images);
    const own = all.filter(({ kind }) => lastingKinds.has(kind));
    const before = push.previousDigest === null ? [] : await this.#findingsBefore(push, push.previousDigest);
    const { registryHost, connection, repository, tag } = push;
    const current = tag && (await this.pushes.current({ registry: registryHost ?? connection, repository, tag }));
    const now = current ? await this.evaluations.unsuppressed(current, await this.images.ofPush(current.id)) : [];
    const fresh = merged(own, images, [...before, ...now]).filter(({ isNew }) => isNew);
    const findings = await this.#withLayers(fresh, all);
    return { images, findings, counts: countFindings(all), resolved: [] };
  }

  /** Adds the layers of secrets, also of deleted ones: there the build has to change. */
  async #withLayers(findings: readonly PushFinding[], all: readonly ImageFinding[]): Promise<PushFinding[]> {
    const imageOf = new Map<Finding, Digest>(all.map((finding) => [finding, finding.imageDigest]));
    const inLayers = findings.filter(({ finding: { kind, layer } }) => kind === 'secret' && layer !== null);
    const digests = new Set(inLayers.flatMap(({ finding }) => imageOf.get(finding) ?? []));
    const layers = new Map<string, PushFinding['layer']>();
    for (const image of digests) {
      for (const { index, digest, createdBy } of await this.images.layerList(image))
        layers.set(`${image} ${index}`, { digest, createdBy });
    }
    return findings.map((each) => {
      const layer = layers.get(`${imageOf.get(each.finding)} ${each.finding.layer}`);
      return layer === undefined || each.finding.kind !== 'secret' ? each : { ...each, layer };
    });
  }

  /** Images and findings of a push, and the findings before it. */
  async #nowAndBefore(
    push: Push,
    baseline: Digest | null,
  ): Promise<{ images: Image[]; now: ImageFinding[]; before: ImageFinding[] }> {
    const { ofPush: images, ofDigest } = await this.images.ofPushAndDigest(push.id, baseline);
    const earlier = baseline === null ? null : { digest: baseline, images: ofDigest };
    const { now, before } = await this.evaluations.unsuppressedWithEarlier(push, images, earlier);
    return { images, now, before: baseline === null ? [] : await this.#announced(push, baseline, before) };
  }

  async #findingsBefore(push: Push, digest: Digest): Promise<ImageFinding[]> {
    const findings = await this.evaluations.unsuppressed({ ...push, digest }, await this.images.ofDigest(digest));
    return this.#announced(push, digest, findings);
  }

  /** Supply-chain findings of an earlier content only as far as they were announced. */
  async #announced(push: Push, digest: Digest, findings: ImageFinding[]): Promise<ImageFinding[]> {
    const announced = await this.pushes.announcedBefore(push, digest);
    if (announced === null) return findings;
    return findings.filter(
      ({ kind, id, fingerprint }) => kind !== 'supply-chain' || isByCalendar(id) || announced.has(fingerprint),
    );
  }
}

/** Ends of support wait for no signature, so what is announced of a push does not list them. */
function isByCalendar(id: string): boolean {
  return id.startsWith('end-of-life-');
}

/**
 * A finding of several platforms is listed once. One that is hidden by a later layer is new unless
 * the earlier findings have it in any layer; one that is present is new also where they have it
 * hidden only.
 */
function merged(
  findings: readonly ImageFinding[],
  images: readonly Image[],
  before: readonly ImageFinding[],
): PushFinding[] {
  const platformOf = new Map(images.map(({ digest, platform }) => [digest, platform]));
  const present = identities(before.filter(({ state }) => state === 'present'));
  const counted = identities(before.filter(isCounted));
  return groupByLocation(findings).map((group) => {
    const state = group.some((each) => each.state === 'present') ? 'present' : 'shadowed';
    return {
      finding: group.toSorted((a, b) => compareSeverity(a.severity, b.severity))[0]!,
      isNew: !(state === 'present' ? present : counted).has(findingIdentity(group[0]!)),
      platforms: [...new Set(group.flatMap(({ imageDigest }) => platformOf.get(imageDigest) ?? []))].toSorted(),
    };
  });
}

function identities(findings: readonly ImageFinding[]): Set<string> {
  return new Set(findings.map(findingIdentity));
}

/**
 * Whether none of some findings is the same one: a secret that a later layer deletes is still
 * there.
 */
function isMissingIn(findings: readonly ImageFinding[]): (finding: ImageFinding) => boolean {
  const counted = identities(findings.filter(isCounted));
  return (finding) => isCounted(finding) && !counted.has(findingIdentity(finding));
}
