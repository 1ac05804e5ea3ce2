import { Injectable } from '@nestjs/common';
import type { Finding, Severity } from '@tidewaiter/domain';
import {
  diffImages,
  isOneBuild,
  type StoredConfig,
  type RevisionProof,
  sameRevisionFinding,
} from '@tidewaiter/integrity';
import {
  type Image,
  ImageStates,
  SharedLayers,
  Images,
  PipelineReports,
  type Push,
  type RevisionImage,
  revisionOf,
  Revisions,
  type StoredProvenance,
} from '@tidewaiter/store';
import { isSameVariant } from '@tidewaiter/versions';

import { earlierPending } from './baselines.js';

const revisionLabel = 'org.opencontainers.image.revision';
/** Labels may hold any text; only a commit implies that two images should be alike. */
const commit = /^[0-9a-f]{7,64}$/;
/** Limit on earlier images to compare with: the first one, and the newest of the others. */
const maxCompared = 4;
/** Time that a push waits for an earlier one of the same revision that is still being read. */
const maxWaitMs = 120_000;

/** Finds images that differ from earlier builds of the same revision of the sources. */
@Injectable()
export class SameRevisionSearch {
  constructor(
    private readonly images: Images,
    private readonly states: ImageStates,
    private readonly revisions: Revisions,
    private readonly reports: PipelineReports,
  ) {}

  /**
   * Compares an image, whose layers must be read.
   * @throws NotYet `EARLIER_PUSH_PENDING` while an image to compare with is being read
   */
  async findings(push: Push, image: Image, provenance: StoredProvenance | undefined): Promise<Finding[]> {
    const source = await this.#sourceOf(push, image, provenance);
    if (!source) return [];
    const config = await this.images.configOf(image.digest);
    const all = await this.revisions.earlierImages(push, image.digest, source.revision);
    const earlier = chosen(all.filter((each) => isOfOneName(push, config, each)));
    const pending = earlier.find(({ isPending, pushedAt }) => isPending && Date.now() - pushedAt.getTime() < maxWaitMs);
    if (pending) throw earlierPending(pending.digest);
    return earlier.length > 0 ? this.#compareAll(push, image, source, earlier) : [];
  }

  async #compareAll(
    push: Push,
    image: Image,
    source: RevisionSource,
    earlier: readonly RevisionImage[],
  ): Promise<Finding[]> {
    const layers = new SharedLayers();
    const [after] = await this.states.of([image], layers);
    const findings: Finding[] = [];
    for (const { repository, digest, tag, pushedAt, isAnalyzed } of earlier) {
      const known = isAnalyzed ? await this.images.get(digest) : null;
      const [before] = known ? await this.states.of([known], layers) : [];
      const diff = before ? diffImages(before, after!) : null;
      if (diff && !isSameVariant(push.tag ?? '', tag ?? '') && !isOneBuild(diff)) continue;
      const about = { repository, digest, tag, pushedAt: pushedAt.toISOString() };
      const found = sameRevisionFinding(diff, { ...source, repository: push.repository, earlier: about });
      if (found) findings.push(found);
    }
    return findings.toSorted(worstFirst).slice(0, 1);
  }

  /** Null without a commit. */
  async #sourceOf(
    push: Push,
    { digest, labels }: Image,
    provenance: StoredProvenance | undefined,
  ): Promise<RevisionSource | null> {
    const attested = revisionOf(provenance?.attestations ?? []);
    const reported = attested ?? (await this.reports.provenRevision(push, [push.digest ?? digest, digest]));
    const revision = reported ?? labels[revisionLabel];
    if (revision === undefined || !commit.test(revision)) return null;
    // A signature covers the config, and so the label in it.
    const isSigned = provenance?.signatures.some(({ verified }) => verified) ?? false;
    if (attested !== null) return { revision, provenBy: 'provenance' };
    if (reported !== null) return { revision, provenBy: 'pipeline' };
    return { revision, provenBy: isSigned ? 'signature' : null };
  }
}

interface RevisionSource {
  revision: string;
  provenBy: RevisionProof | null;
}

/**
 * Whether two images may be the same program: by the path of their repositories, as in a mirror, or
 * else by their entrypoint. One revision of a repository with several programs builds several
 * images.
 */
function isOfOneName(push: Push, config: StoredConfig | null, other: RevisionImage): boolean {
  const [a, b] = [push.repository, other.repository];
  if (a === b || a.endsWith(`/${b}`) || b.endsWith(`/${a}`)) return true;
  return config !== null && other.config !== null && startOf(config) === startOf(other.config);
}

function startOf({ settings }: StoredConfig): string {
  const start = settings.filter(({ field }) => field === 'entrypoint' || field === 'cmd');
  return JSON.stringify(start.map(({ field, shown, fingerprint }) => [field, shown, fingerprint]));
}

/** The newest one may be an altered build, too; the first one predates it. */
function chosen(images: readonly RevisionImage[]): RevisionImage[] {
  const byDigest = [...new Map(images.toReversed().map((each) => [each.digest, each])).values()].toReversed();
  return byDigest.length <= maxCompared ? byDigest : [byDigest[0]!, ...byDigest.slice(1 - maxCompared)];
}

/**
 * Order of severities: content that could not be compared may be as bad as any, and precedes
 * harmless content.
 */
const severityOrder: Severity[] = ['critical', 'high', 'unknown', 'medium', 'low', 'negligible'];

function worstFirst(a: Finding, b: Finding): number {
  return severityOrder.indexOf(a.severity) - severityOrder.indexOf(b.severity);
}
