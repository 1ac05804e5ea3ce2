import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import {
  type ComparedPlatform,
  diffImages,
  type ImageOrigin,
  type ImageState,
  pairPlatforms,
  type PlatformPair,
  type PushChanges,
  pushChanges,
} from '@tidewaiter/integrity';
import { isSigned } from '@tidewaiter/provenance';
import {
  type Image,
  type ImageFinding,
  Images,
  ImageStates,
  PipelineReports,
  Provenances,
  type Push,
  revisionOf,
  SharedLayers,
  Verdicts,
} from '@tidewaiter/store';

import { SignatureGrace } from '../provenance/signature-grace.js';
import type { ChosenBaseline } from './baselines.js';

const revisionLabel = 'org.opencontainers.image.revision';
const sourceLabel = 'org.opencontainers.image.source';

/** Compares a push with its baseline, from stored data of both: no layer is read again. */
@Injectable()
export class PushComparison {
  constructor(
    private readonly images: Images,
    private readonly states: ImageStates,
    private readonly evaluations: Verdicts,
    private readonly provenances: Provenances,
    private readonly reports: PipelineReports,
    private readonly grace: SignatureGrace,
  ) {}

  /**
   * Null if the push has the content of its baseline.
   * @param evaluated findings of the push
   */
  async compare(
    push: Push,
    { pushedBy, ...baseline }: ChosenBaseline,
    evaluated: readonly ImageFinding[],
  ): Promise<PushChanges | null> {
    if (baseline.digest === push.digest) return null;
    const before = await this.images.ofDigest(baseline.digest);
    const after = await this.images.ofPush(push.id);
    const images = new Map([...before, ...after].map((image) => [image.digest, image]));
    const platforms: ComparedPlatform[] = [];
    for (const pair of pairPlatforms(before, after)) {
      const compared = await this.#comparePair(push, baseline.digest, pair, { images, evaluated });
      // A refused push may have no known platforms: then no platform counts as new.
      platforms.push(before.length > 0 ? compared : { ...compared, change: 'unread' });
    }
    return pushChanges(platforms, { comparedWith: baseline, pushers: { before: pushedBy, after: push.pushedBy } });
  }

  async #comparePair(
    push: Push,
    baseline: Digest,
    pair: PlatformPair,
    { images, evaluated }: { images: ReadonlyMap<Digest, Image>; evaluated: readonly ImageFinding[] },
  ): Promise<ComparedPlatform> {
    const [before, after] = [pair.before, pair.after].map((digest) =>
      digest === null ? undefined : images.get(digest),
    );
    if (!before) return { ...pair, change: 'added', diff: null };
    if (!after) return { ...pair, change: 'removed', diff: null };
    if (before.digest === after.digest) return { ...pair, change: 'same', diff: null };
    if (before.analyzersVersion === null) return { ...pair, change: 'unread', diff: null };
    const layers = new SharedLayers();
    const past = { ...push, digest: baseline };
    const [pastFindings, was] = await Promise.all([
      this.evaluations.unsuppressed(past, [before]),
      this.#stateOf(past, before, layers),
    ]);
    // After the other one, whose layers it shares.
    const is = await this.#stateOf(push, after, layers);
    const findings = evaluated.filter(({ imageDigest }) => imageDigest === after.digest);
    return { ...pair, change: 'compared', diff: diffImages({ ...was, findings: pastFindings }, { ...is, findings }) };
  }

  async #stateOf(push: Push, image: Image, known: SharedLayers): Promise<Omit<ImageState, 'findings'>> {
    const [state, origin] = await Promise.all([this.states.of(image, known), this.#originOf(push, image)]);
    return { ...state, ...(origin && { origin }) };
  }

  /** Null if no signer is configured, and while the signature of the push may still arrive. */
  async #originOf(push: Push, { digest, labels }: Image): Promise<ImageOrigin | null> {
    const known = await this.provenances.get(push, digest);
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
