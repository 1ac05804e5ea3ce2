import { Injectable } from '@nestjs/common';
import {
  countFindings,
  type Digest,
  type Finding,
  type Platform,
  type SeverityCounts,
  type Verdict,
} from '@tidewaiter/domain';
import { failpoint } from '@tidewaiter/runtime';
import {
  type EarlierImages,
  type Image,
  type ImageFinding,
  Images,
  type KnownProvenances,
  Provenances,
  type Push,
  type PushWarning,
  Revisions,
  Store,
  Verdicts,
} from '@tidewaiter/store';

import { ImageMatching } from '../matching/image-matching.js';
import { IdentityCheck } from '../provenance/identity-check.js';
import { type ComparedFiles, FileOutliers } from './file-outliers.js';
import { ImageInventory } from './image-inventory.js';
import { type ExaminedOrigin, OriginFinder } from './origin-finder.js';
import { SameRevisionSearch } from './same-revision-search.js';
import { type AttachedSboms, SbomComparison, type SbomFindings } from './sbom-comparison.js';

/** Result of evaluating a push. */
export interface PushEvaluation extends EvaluatedContents {
  platforms: { platform: Platform; digest: Digest }[];
  findings: ImageFinding[];
  verdict: Verdict;
  counts: SeverityCounts;
  warnings: PushWarning[];
  rulesVersion: string;
  /** Undefined where signatures were not verified. */
  signersVersion?: string;
  /** Time until which the signature of the push may still arrive; null when it is over. */
  signatureDueAt: Date | null;
  /**
   * Whether a layer was read that was missing before, or a file differs from images that came
   * later.
   */
  mustPublish: boolean;
}

/** Images of a push that were evaluated, with those of an earlier content of its tag. */
interface EvaluatedContents {
  images: readonly Image[];
  /** Provenance of the images of both. */
  provenances: KnownProvenances;
  earlier: (EarlierImages & { findings: readonly ImageFinding[] }) | null;
}

/** Findings of an image from comparing it with others and with its SBOMs. */
interface ComparedImage {
  digest: Digest;
  ofRevision: Finding[];
  ofFiles: ComparedFiles;
  ofSboms: SbomFindings;
}

/** Evaluates a push whose layers are all read, or known to be unreadable. */
@Injectable()
export class EvaluatePush {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
    private readonly evaluations: Verdicts,
    private readonly assembly: ImageInventory,
    private readonly matching: ImageMatching,
    private readonly origin: OriginFinder,
    private readonly sameRevision: SameRevisionSearch,
    private readonly fileOutliers: FileOutliers,
    private readonly sboms: SbomComparison,
    private readonly revisions: Revisions,
    private readonly provenances: Provenances,
    private readonly identity: IdentityCheck,
  ) {}

  /**
   * First verifies the signatures of the images, which are only in the registry.
   * @param earlier content of the tag of which the findings are wanted, too
   */
  async evaluateWithOrigin(push: Push, earlier: Digest | null, signal: AbortSignal): Promise<PushEvaluation> {
    const signersVersion = this.origin.signersVersion(push);
    const images = await this.images.ofPush(push.id);
    const [first, ...others] = images;
    // The inventory of a single image shares the transaction; those of all platforms would be in
    // memory at the same time.
    const [examined, putInventory] = await Promise.all([
      this.#examine(push, images, signal),
      first && others.length === 0 ? this.assembly.prepare(first) : null,
    ]);
    const warnings = await this.identity.evaluate(push, examined, async (tx) => {
      for (const image of examined) await this.origin.put(tx, push, image);
      await putInventory?.(tx);
    });
    failpoint('push.identity-stored');
    const unassembled = others.length === 0 ? [] : images;
    const attached = new Map(examined.map((each) => [each.digest, { ...each, signal }]));
    return { ...(await this.#evaluate(push, images, unassembled, warnings, attached, earlier)), signersVersion };
  }

  async #examine(push: Push, images: readonly Image[], signal: AbortSignal): Promise<ExaminedOrigin[]> {
    const examined: ExaminedOrigin[] = [];
    for (const image of images) examined.push(await this.origin.examine(push, image, signal));
    return examined;
  }

  /** Evaluates a push from stored data. */
  async evaluate(push: Push): Promise<PushEvaluation> {
    const [images, warnings] = await Promise.all([this.images.ofPush(push.id), this.identity.warnings(push)]);
    return this.#evaluate(push, images, images, warnings);
  }

  /**
   * @param before its images as they were
   * @param unassembled images whose inventory may be missing or outdated
   * @param unread warnings about parts of its identity that could not be read
   * @param attached SBOMs in the registry by image, where it was asked
   */
  async #evaluate(
    push: Push,
    before: readonly Image[],
    unassembled: readonly Image[],
    unread: readonly PushWarning[],
    attached: ReadonlyMap<Digest, AttachedSboms> = new Map(),
    earlierDigest: Digest | null = null,
  ): Promise<PushEvaluation> {
    for (const image of before) {
      if (unassembled.includes(image)) await this.assembly.assemble(image);
      failpoint('push.inventory-stored');
      await this.matching.match(image.digest);
      failpoint('push.matched');
    }
    const { images, earlier } = await this.#imagesOf(push, earlierDigest);
    const digests = [...images, ...(earlier?.images ?? [])].map(({ digest }) => digest);
    const provenances = await this.provenances.of(push, digests);
    const signatureDueAt = await this.identity.signatureDueAt(push);
    const hasOutliersAdded = await this.#compare(push, images, provenances, attached, signatureDueAt !== null);
    failpoint('push.signs-noted');
    // Read first: data that changes meanwhile must lead to another evaluation.
    const rulesVersion = await this.evaluations.rulesVersion();
    const warnings = onceEach([...(await this.#warnings(images, provenances)), ...unread]);
    const { now: evaluated, before: findings } = await this.evaluations.ofWithEarlier(push, images, earlier, warnings, {
      provenances,
    });
    return {
      ...{ images, provenances, earlier: earlier && { ...earlier, findings } },
      platforms: images.map(({ platform, digest }) => ({ platform, digest })),
      findings: evaluated.findings,
      verdict: evaluated.verdict.result,
      counts: countFindings(evaluated.findings),
      warnings: evaluated.warnings,
      rulesVersion,
      signatureDueAt,
      mustPublish: hasOutliersAdded || unreadCount(images) < unreadCount(before),
    };
  }

  /**
   * Compares the images with others and with their SBOMs, and stores the findings and the signs of
   * the push in one transaction; returns whether a file is a new finding.
   */
  async #compare(
    push: Push,
    images: readonly Image[],
    provenances: KnownProvenances,
    attached: ReadonlyMap<Digest, AttachedSboms>,
    isInGrace: boolean,
  ): Promise<boolean> {
    const compared: ComparedImage[] = [];
    for (const image of images) {
      const [ofRevision, ofFiles, ofSboms] = await Promise.all([
        this.sameRevision.findings(push, image, provenances.get(image.digest)),
        this.fileOutliers.compare(image),
        this.sboms.compare(push, image, attached.get(image.digest)),
      ]);
      compared.push({ digest: image.digest, ofRevision, ofFiles, ofSboms });
    }
    // Most pushes have no findings of this kind, and had none.
    if (compared.every(isUnremarkable) && !(await this.identity.hasFindings(push))) return false;
    return this.store.transaction(async (tx) => {
      let hasOutliersAdded = false;
      for (const { digest, ofRevision, ofFiles, ofSboms } of compared) {
        await this.fileOutliers.queueOthers(tx, push, digest, ofFiles);
        const found = [...ofRevision, ...ofFiles.findings, ...ofSboms.findings];
        const added = await this.revisions.putFindings(tx, push, digest, found, ofSboms.kept);
        hasOutliersAdded ||= ofFiles.findings.some(({ fingerprint }) => added.has(fingerprint));
      }
      await this.identity.noteSigns(tx, push, isInGrace);
      return hasOutliersAdded;
    });
  }

  async #imagesOf(push: Push, earlier: Digest | null): Promise<{ images: Image[]; earlier: EarlierImages | null }> {
    const digest = earlier === push.digest ? null : earlier;
    const { ofPush: images, ofDigest } = await this.images.ofPushAndDigest(push.id, digest);
    return { images, earlier: digest === null ? null : { digest, images: ofDigest } };
  }

  async #warnings(images: readonly Image[], provenances: KnownProvenances): Promise<PushWarning[]> {
    const perImage = await Promise.all(
      images.map(async ({ digest, os, warnings }) => [
        ...warnings,
        ...(await this.matching.blindSpots(digest, os)),
        ...(provenances.get(digest)?.warnings ?? []),
      ]),
    );
    return perImage.flat();
  }
}

/** Whether nothing is to be stored about an image that had no such findings before. */
function isUnremarkable({ ofRevision, ofFiles, ofSboms }: ComparedImage): boolean {
  return [ofRevision, ofFiles.paths, ofFiles.outliers, ofSboms.findings].every(({ length }) => length === 0);
}

function onceEach(warnings: readonly PushWarning[]): PushWarning[] {
  return [...new Map(warnings.map((warning) => [JSON.stringify(warning), warning])).values()];
}

function unreadCount(images: readonly Image[]): number {
  return images.flatMap(({ unreadLayers }) => unreadLayers).length;
}
