import { Injectable } from '@nestjs/common';
import type { Finding, Platform } from '@tidewaiter/domain';
import {
  type ComparedPlatform,
  diffImages,
  type FindingChange,
  keptFindings,
  type Listed,
  pairPlatforms,
  type PlatformPair,
  type PushChanges,
  pushChanges,
} from '@tidewaiter/integrity';

import { Findings } from '../findings.js';
import type { Image } from '../images.js';
import { ImageStates, SharedLayers } from './image-states.js';
import type { Push } from './pushes.js';
import { Verdicts } from './verdicts.js';

/** Images of one side of a comparison. */
export interface ComparedImages {
  images: readonly Image[];
  /** Push whose name selects the exceptions; null for images that were never pushed. */
  push: Push | null;
}

/** Difference between two sides. */
export interface ImagesDifference {
  changes: PushChanges;
  /** Findings that both sides have. */
  kept: Listed<FindingChange>;
}

/** Compares any two images, or sets of images for platforms, from stored data. */
@Injectable()
export class ImageComparison {
  constructor(
    private readonly states: ImageStates,
    private readonly findings: Findings,
    private readonly verdicts: Verdicts,
  ) {}

  /** Both sides are evaluated by the rules of the later one, so that a rule makes no difference. */
  async compare(before: ComparedImages, after: ComparedImages): Promise<ImagesDifference> {
    const images = new Map([...before.images, ...after.images].map((image) => [image.digest, image]));
    const platforms: ComparedPlatform[] = [];
    for (const pair of pairsOf(before.images, after.images)) {
      platforms.push(await this.#comparePair(pair, images, after.push ?? before.push));
    }
    return { changes: pushChanges(platforms), kept: keptFindings(platforms) };
  }

  async #comparePair(
    pair: PlatformPair,
    images: ReadonlyMap<string, Image>,
    push: Push | null,
  ): Promise<ComparedPlatform> {
    const [before, after] = [pair.before, pair.after].map((digest) =>
      digest === null ? undefined : images.get(digest),
    );
    if (!before) return { ...pair, change: 'added', diff: null };
    if (!after) return { ...pair, change: 'removed', diff: null };
    if (before.digest === after.digest) return { ...pair, change: 'same', diff: null };
    if (before.analyzersVersion === null || after.analyzersVersion === null)
      return { ...pair, change: 'unread', diff: null };
    const [[was, is], had, has] = await Promise.all([
      this.states.of([before, after], new SharedLayers()),
      this.#findingsOf(before, push),
      this.#findingsOf(after, push),
    ]);
    return { ...pair, change: 'compared', diff: diffImages({ ...was!, findings: had }, { ...is!, findings: has }) };
  }

  async #findingsOf(image: Image, push: Push | null): Promise<Finding[]> {
    if (push === null) return this.findings.of([image.digest]);
    return this.verdicts.unsuppressed({ ...push, digest: image.digest }, [image]);
  }
}

/** One image of each side is compared whatever its platform; several are paired by it. */
function pairsOf(before: readonly Image[], after: readonly Image[]): PlatformPair[] {
  const [[old, ...others], [current, ...more]] = [before, after];
  if (old === undefined || current === undefined || others.length > 0 || more.length > 0)
    return pairPlatforms(before, after);
  const platform: Platform = current.platform;
  return [{ platform, before: old.digest, after: current.digest }];
}
