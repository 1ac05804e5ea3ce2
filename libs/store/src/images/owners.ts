import { Injectable } from '@nestjs/common';
import { type Digest, matchesWildcard } from '@tidewaiter/domain';
import { maxOwnerCharacters, type OwnerSettings } from '@tidewaiter/runtime';
import { ownerLabel } from '@tidewaiter/workloads';

import type { Image } from './images.js';
import { type NamespacePlace, OwnerLabels } from './owner-labels.js';

/** Image with the names that are known. */
export interface OwnedImage {
  repository: string | null;
  digest: Digest | null;
}

/** Image of a container in which something happened. */
export interface RunningImage extends OwnedImage {
  /** Cluster and namespace in which it ran; null if unknown. */
  place: NamespacePlace | null;
}

/** Label of images that names their owner. */
export const imageLabel = 'dev.tidewaiter.owner';

/**
 * Finds the owner of images and workloads. The operator's rules win over the labels of the cluster,
 * and those over the image's: the builder of an image can write any name into it, and must not
 * divert its alerts from their owners.
 */
@Injectable()
export class Owners {
  readonly #imageLabels: readonly string[];

  constructor(
    private readonly settings: OwnerSettings,
    private readonly ownership: OwnerLabels,
  ) {
    this.#imageLabels = [imageLabel, ...settings.labels];
  }

  /** Returns the owner of each image, in their order; null where none is known. */
  async ofImages(images: readonly OwnedImage[]): Promise<(string | null)[]> {
    const digests = images.flatMap(({ digest }) => digest ?? []);
    const said = digests.length === 0 ? null : await this.ownership.ofImages(digests, this.#imageLabels);
    return images.map(({ repository, digest }) => {
      const named = digest === null ? null : (said?.get(digest) ?? null);
      return ruledOwner(this.settings.rules, { repository, namespace: null }) ?? ownerName(named);
    });
  }

  /** Like {@link ofImages} of one image, or of an index with all its images, as they were read. */
  ofRead(
    { repository }: Pick<OwnedImage, 'repository'>,
    images: readonly Pick<Image, 'digest' | 'labels'>[],
  ): string | null {
    const sorted = images.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
    const named = this.#imageLabels.flatMap((name) => sorted.flatMap(({ labels }) => labels[name] ?? []))[0] ?? null;
    return ruledOwner(this.settings.rules, { repository, namespace: null }) ?? ownerName(named);
  }

  /**
   * Returns the owner of each running image, in their order; considers rules and labels of its
   * namespace.
   */
  async ofRunning(running: readonly RunningImage[]): Promise<(string | null)[]> {
    const places = running.flatMap(({ place }) => place ?? []);
    const said = places.length === 0 ? [] : await this.ownership.ofNamespaces(places, ownerLabel);
    const saidOf = new Map(places.map((place, index) => [place, ownerName(said[index] ?? null)]));
    const byImage = await this.ofImages(running);
    return running.map(({ repository, place }, index) => {
      const ruled = ruledOwner(this.settings.rules, { repository, namespace: place?.namespace ?? null });
      return ruled ?? (place && saidOf.get(place)) ?? byImage[index] ?? null;
    });
  }
}

/** Returns the owner of the first matching rule. */
export function ruledOwner(
  rules: OwnerSettings['rules'],
  { repository, namespace }: { repository: string | null; namespace: string | null },
): string | null {
  const fits = (pattern: string | undefined, name: string | null) =>
    pattern === undefined || (name !== null && matchesWildcard(pattern, name));
  return rules.find((rule) => fits(rule.repository, repository) && fits(rule.namespace, namespace))?.owner ?? null;
}

/** Validates the owner name of an image or namespace label; null when it is not a valid name. */
export function ownerName(text: string | null): string | null {
  const name = text?.trim() ?? '';
  return name.length === 0 || name.length > maxOwnerCharacters || /\p{C}/u.test(name) ? null : name;
}
