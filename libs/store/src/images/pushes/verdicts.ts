import {
  ageWarnings,
  type BlindSpot,
  endOfLifeAges,
  exploitationAges,
  oldestOf,
  type SourceDate,
  sourceDates,
  vulnerabilityFingerprint,
} from '@tidewaiter/advisories';
import {
  buildTime,
  type Digest,
  type Finding,
  type FindingKind,
  findingOf,
  type IncompleteEffect,
} from '@tidewaiter/domain';
import {
  unsuppressedFindings,
  type EvaluationGap,
  type EvaluationInput,
  type ImageIdentity,
  type ImageEvaluation,
  evaluateImages,
  needsPackages,
  type Rules,
  rulesVersion,
  suppress,
} from '@tidewaiter/policy';

import type { AdvisoryAges } from '../../advisories/advisory-ages.js';
import { Findings, type ImageFinding, type PackagePlace } from '../findings.js';
import type { PushWarning } from '../image-rows.js';
import { type Image, Images } from '../images.js';
import { type KnownProvenances, Provenances } from './provenances.js';
import type { Push } from './pushes.js';

/** Name under which an image is evaluated. */
export type EvaluatedPush = Pick<Push, 'registryHost' | 'connection' | 'repository' | 'tag' | 'digest'>;

/** Circumstances that the caller knows or decides. */
export interface EvaluationQuestion {
  isRunning?: boolean | undefined;
  onIncomplete?: IncompleteEffect | undefined;
  /** Provenance of the images, where the caller has read it. */
  provenances?: KnownProvenances | undefined;
}

/** Images that the tag of a push had earlier. */
export interface EarlierImages {
  digest: Digest;
  images: readonly Image[];
}

/** Dates of the data that evaluates some images. */
export interface EvaluationDates {
  /** Date of the oldest source of their advisories; null without one. */
  advisoriesAsOf: string | null;
  advisorySources: SourceDate[];
}

/** Rules of the settings, for {@link Verdicts}; without any, only findings count. */
export class EvaluationRules {
  constructor(readonly rules: Rules) {}
}

/**
 * Evaluates images by the present rules of the settings: an exception may have ended since the
 * push.
 */
export class Verdicts {
  constructor(
    private readonly images: Images,
    private readonly findings: Findings,
    private readonly provenances: Provenances,
    private readonly rules: Rules,
    private readonly ages: AdvisoryAges,
  ) {}

  /** Version of the rules; verdicts of another version are outdated. */
  async rulesVersion(): Promise<string> {
    const now = new Date();
    const ends = await this.findings.endsOfSupportVersion(now);
    return [rulesVersion(this.rules, now), ends].filter(Boolean).join(' ');
  }

  /**
   * Places of packages in tagged and in running images, without those with an exception for the
   * vulnerability.
   */
  async places(vulnerability: { id: string; advisoryId: string }, purls: readonly string[]): Promise<PackagePlace[]> {
    const now = new Date();
    const places = await this.findings.places(purls, vulnerability.advisoryId);
    return places.filter((place) => {
      const { registry, repository, isTagged, digest, purl } = place;
      const tag = isTagged ? place.tag : null;
      const push = { registryHost: registry, connection: registry, repository, tag, digest };
      const image = { ...identityOf(push, digest), packages: [{ purl }] };
      return suppress([findingAt(place, vulnerability)], image, this.rules, now).findings.length > 0;
    });
  }

  /**
   * Evaluates the images of a push, whose layers are all read and whose packages are matched.
   * @param warnings gaps in the data about them
   * @param asked whether a workload runs them, read from the ledger if undefined; and the effect of
   * incomplete files, from the settings if undefined
   */
  async of(
    push: EvaluatedPush,
    images: readonly Image[],
    warnings: readonly PushWarning[],
    asked: EvaluationQuestion = {},
  ): Promise<ImageEvaluation<ImageFinding>> {
    return (await this.ofWithEarlier(push, images, null, warnings, asked)).now;
  }

  /**
   * {@link of} a push, with the {@link unsuppressed} findings of an earlier content of its tag,
   * which are read together.
   */
  async ofWithEarlier(
    push: EvaluatedPush,
    images: readonly Image[],
    earlier: EarlierImages | null,
    warnings: readonly PushWarning[],
    asked: EvaluationQuestion = {},
  ): Promise<{ now: ImageEvaluation<ImageFinding>; before: ImageFinding[] }> {
    const rules = { ...this.rules, onIncomplete: asked.onIncomplete ?? this.rules.onIncomplete };
    const [{ now: known, before, running: runs }, sources] = await Promise.all([
      this.#read(push, images, earlier, asked.provenances),
      this.ages.sources(),
    ]);
    const running = asked.isRunning ?? (runs ? images.some(({ digest }) => runs.has(digest)) : undefined);
    const now = new Date();
    const ages = await this.ages.ofImages(
      images.map(({ digest }) => digest),
      sources,
    );
    const asOf = oldestOf(ages);
    const circumstances = {
      now,
      ...(running !== undefined && { running }),
      ...(asOf !== null && { advisoriesAsOf: new Date(asOf) }),
    };
    // Stored warnings about the age of the data are outdated, since data ages without a new
    // evaluation.
    const current = [
      ...warnings.filter(({ code }) => !ageWarnings.has(code)),
      ...this.ages.stale(ages, now),
      ...(hasVulnerability(known) ? this.ages.staleExploitation(sources, now) : []),
      ...(await this.#staleEndOfLife(images, this.ages.staleEndOfLife(sources, now))),
    ];
    return {
      now: evaluateImages(known, current, rules, circumstances),
      before: unsuppressedFindings(before, this.rules, now),
    };
  }

  /** Findings that {@link of} returns, without a verdict. */
  async unsuppressed(push: EvaluatedPush, images: readonly Image[]): Promise<ImageFinding[]> {
    return (await this.unsuppressedWithEarlier(push, images, null)).now;
  }

  /**
   * {@link unsuppressed} of a push and of an earlier content of its tag, which are read together.
   */
  async unsuppressedWithEarlier(
    push: EvaluatedPush,
    images: readonly Image[],
    earlier: EarlierImages | null,
  ): Promise<{ now: ImageFinding[]; before: ImageFinding[] }> {
    const { now, before } = await this.#read(push, images, earlier);
    const at = new Date();
    return { now: unsuppressedFindings(now, this.rules, at), before: unsuppressedFindings(before, this.rules, at) };
  }

  /** Dates of the sources that evaluate some images, with those of KEV and EPSS. */
  async datesOf(images: readonly Image[]): Promise<EvaluationDates> {
    const digests = images.map(({ digest }) => digest);
    const sources = await this.ages.sources();
    const ages = await this.ages.ofImages(digests, sources);
    const ends = (await this.findings.haveDatedProducts(digests)) ? endOfLifeAges(sources) : [];
    const advisorySources = sourceDates([...ages, ...exploitationAges(sources), ...ends]);
    return { advisoriesAsOf: oldestOf(ages), advisorySources };
  }

  /** Reads all images together: most of a statement's time does not depend on their number. */
  async #read(
    push: EvaluatedPush,
    images: readonly Image[],
    earlier: EarlierImages | null,
    known?: KnownProvenances,
  ): Promise<Record<'now' | 'before', EvaluationInput<ImageFinding>[]> & { running: ReadonlySet<Digest> | null }> {
    const digests = [...new Set([...images, ...(earlier?.images ?? [])].map(({ digest }) => digest))];
    const [{ findings, running }, provenances] = await Promise.all([
      this.findings.withRunning(digests, push),
      known ?? this.provenances.of(push, digests),
    ]);
    const read = { findings: Map.groupBy(findings, ({ imageDigest }) => imageDigest), provenances };
    const [now, before] = await Promise.all([
      this.#inputs(push, images, read),
      earlier ? this.#inputs({ ...push, digest: earlier.digest }, earlier.images, read) : [],
    ]);
    return { now, before, running };
  }

  async #inputs(
    push: EvaluatedPush,
    images: readonly Image[],
    { findings, provenances }: { findings: ReadonlyMap<Digest, ImageFinding[]>; provenances: KnownProvenances },
  ): Promise<EvaluationInput<ImageFinding>[]> {
    const read = images.map(async (image) => {
      const provenance = provenances.get(image.digest);
      const asksForPackages = needsPackages(this.rules) || (provenance?.vex.length ?? 0) > 0;
      return {
        identity: identityOf(push, image.digest),
        claims: { ...image, createdAt: buildTime(image.createdAt?.toISOString()) },
        findings: findings.get(image.digest) ?? [],
        packages: asksForPackages ? await this.images.packages(image.digest) : [],
        gaps: gapsOf(image),
        ...(provenance && { provenance }),
      };
    });
    return Promise.all(read);
  }

  async #staleEndOfLife(images: readonly Image[], warnings: readonly BlindSpot[]): Promise<readonly BlindSpot[]> {
    if (warnings.length === 0) return [];
    return (await this.findings.haveDatedProducts(images.map(({ digest }) => digest))) ? warnings : [];
  }
}

const gapReasons: Partial<Record<FindingKind, string>> = {
  misconfiguration: 'the image was pushed before it was checked, and its registry has not given its config again',
  secret: 'the scanner has no TIDEWAITER_FINGERPRINT_KEY',
};

/** Whether there is anything that KEV and EPSS rank. */
function hasVulnerability(images: readonly { findings: readonly ImageFinding[] }[]): boolean {
  return images.some(({ findings }) => findings.some(({ kind }) => kind === 'vulnerability'));
}

function gapsOf({ notEvaluated }: Image): EvaluationGap[] {
  return notEvaluated.map((kind) => ({ kind, reason: gapReasons[kind] ?? 'the scanner did not look for them' }));
}

/**
 * Finding of an advisory in a place of a package, with the fields that exceptions and VEX match.
 */
function findingAt(place: PackagePlace, { id, advisoryId }: { id: string; advisoryId: string }): Finding {
  const { packageName, packageType: type, installedVersion, purl, fix } = place;
  return findingOf({
    kind: 'vulnerability',
    id,
    aliases: id === advisoryId ? [] : [advisoryId],
    severity: 'unknown',
    title: id,
    fingerprint: vulnerabilityFingerprint(id, { type, name: packageName }),
    ...{ packageName, installedVersion, purl, fix, layer: null, state: 'present' },
  });
}

/** Identity of an image; an index and its images share a name. */
function identityOf(
  { registryHost, connection, repository, tag, digest }: EvaluatedPush,
  image: Digest,
): ImageIdentity {
  const name = `${registryHost ?? connection}/${repository}`;
  return {
    reference: tag === null ? `${name}@${digest ?? image}` : `${name}:${tag}`,
    repository: name,
    tag,
    digests: digest === null || digest === image ? [image] : [image, digest],
  };
}
