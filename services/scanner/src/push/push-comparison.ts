import { Injectable } from '@nestjs/common';
import {
  type ComparedPlatform,
  diffImages,
  type ImageOrigin,
  pairPlatforms,
  type PlatformPair,
  type PushChanges,
  pushChanges,
} from '@tidewaiter/integrity';
import { isSigned } from '@tidewaiter/provenance';
import {
  type Image,
  type ImageFinding,
  ImageStates,
  type KnownProvenances,
  PipelineReports,
  type Push,
  revisionOf,
  SharedLayers,
} from '@tidewaiter/store';

import { SignatureGrace } from '../provenance/signature-grace.js';
import type { ChosenBaseline } from './baselines.js';
import type { PushEvaluation } from './evaluate-push.js';

const revisionLabel = 'org.opencontainers.image.revision';
const sourceLabel = 'org.opencontainers.image.source';

/** Evaluation of a push that has a baseline. */
type Compared = PushEvaluation & { earlier: NonNullable<PushEvaluation['earlier']> };

/** Compares a push with its baseline, from stored data of both: no layer is read again. */
@Injectable()
export class PushComparison {
  constructor(
    private readonly states: ImageStates,
    private readonly reports: PipelineReports,
    private readonly grace: SignatureGrace,
  ) {}

  /**
   * Null if the push has the content of its baseline.
   * @param evaluation of the push, with the baseline as its earlier content
   */
  async compare(
    push: Push,
    { pushedBy, ...baseline }: ChosenBaseline,
    evaluation: PushEvaluation,
  ): Promise<PushChanges | null> {
    const { earlier } = evaluation;
    if (!earlier) return null;
    const platforms: ComparedPlatform[] = [];
    for (const pair of pairPlatforms(earlier.images, evaluation.images)) {
      const compared = await this.#comparePair(push, pair, { ...evaluation, earlier });
      // A refused push may have no known platforms: then no platform counts as new.
      platforms.push(earlier.images.length > 0 ? compared : { ...compared, change: 'unread' });
    }
    return pushChanges(platforms, { comparedWith: baseline, pushers: { before: pushedBy, after: push.pushedBy } });
  }

  async #comparePair(push: Push, pair: PlatformPair, evaluation: Compared): Promise<ComparedPlatform> {
    const before = evaluation.earlier.images.find(({ digest }) => digest === pair.before);
    const after = evaluation.images.find(({ digest }) => digest === pair.after);
    if (!before) return { ...pair, change: 'added', diff: null };
    if (!after) return { ...pair, change: 'removed', diff: null };
    if (before.digest === after.digest) return { ...pair, change: 'same', diff: null };
    if (before.analyzersVersion === null) return { ...pair, change: 'unread', diff: null };
    const past = { ...push, digest: evaluation.earlier.digest };
    const [[was, is], cameFrom, comesFrom] = await Promise.all([
      this.states.of([before, after], new SharedLayers()),
      this.#originOf(past, before, evaluation.provenances),
      this.#originOf(push, after, evaluation.provenances),
    ]);
    const of = (findings: readonly ImageFinding[], { digest }: Image) =>
      findings.filter(({ imageDigest }) => imageDigest === digest);
    const diff = diffImages(
      { ...was!, findings: of(evaluation.earlier.findings, before), ...(cameFrom && { origin: cameFrom }) },
      { ...is!, findings: of(evaluation.findings, after), ...(comesFrom && { origin: comesFrom }) },
    );
    return { ...pair, change: 'compared', diff };
  }

  /** Null if no signer is configured, and while the signature of the push may still arrive. */
  async #originOf(push: Push, { digest, labels }: Image, provenances: KnownProvenances): Promise<ImageOrigin | null> {
    const known = provenances.get(digest);
    if (!known || (!isSigned(known) && (await this.grace.dueAt(push)) !== null)) return null;
    const proven = await this.reports.provenRevision(push, [push.digest ?? digest, digest]);
    const signers = known.signatures.flatMap(({ signer }) => (signer ? [signer.name] : []));
    return {
      revision: revisionOf(known.attestations) ?? proven ?? labels[revisionLabel] ?? null,
      builder: known.attestations.find(({ builder }) => builder !== null)?.builder ?? null,
      source: known.attestations.find(({ source }) => source !== null)?.source ?? labels[sourceLabel] ?? null,
      signers: [...new Set(signers)].toSorted(),
    };
  }
}
