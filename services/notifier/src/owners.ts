import { Injectable } from '@nestjs/common';
import { type Digest, matchesWildcard } from '@tidewaiter/domain';
import { maxOwnerCharacters, type OwnerSettings } from '@tidewaiter/runtime';
import { type NamespacePlace, Ownership } from '@tidewaiter/store';
import { ownerLabel } from '@tidewaiter/workloads';

/** An image, as far as its names are known. */
export interface OwnedImage {
  repository: string | null;
  digest: Digest | null;
}

/** An image that something happened in. */
export interface RunningImage extends OwnedImage {
  /** Null where it is not known where it ran. */
  place: NamespacePlace | null;
}

const imageLabel = 'dev.tidewaiter.owner';

/**
 * Who answers for images and for what runs. The operator's word goes first, then the cluster's, then the image's: whoever builds an
 * image may write any name into it, and must not lead its alerts away from those who were told to look.
 */
@Injectable()
export class Owners {
  readonly #imageLabels: readonly string[];

  constructor(
    private readonly settings: OwnerSettings,
    private readonly ownership: Ownership,
  ) {
    this.#imageLabels = [imageLabel, ...settings.labels];
  }

  /** One for each image, in their order; null where nobody says. */
  async ofImages(images: readonly OwnedImage[]): Promise<(string | null)[]> {
    const digests = images.flatMap(({ digest }) => digest ?? []);
    const said = digests.length === 0 ? null : await this.ownership.ofImages(digests, this.#imageLabels);
    return images.map(({ repository, digest }) => {
      const named = digest === null ? null : (said?.get(digest) ?? null);
      return ruledOwner(this.settings.rules, { repository, namespace: null }) ?? ownerName(named);
    });
  }

  /** Of what happened in namespaces, in their order. */
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

/** The owner of the first rule that fits. */
export function ruledOwner(
  rules: OwnerSettings['rules'],
  { repository, namespace }: { repository: string | null; namespace: string | null },
): string | null {
  const fits = (pattern: string | undefined, name: string | null) =>
    pattern === undefined || (name !== null && matchesWildcard(pattern, name));
  return rules.find((rule) => fits(rule.repository, repository) && fits(rule.namespace, namespace))?.owner ?? null;
}

/** A name as somebody wrote it into an image or a namespace; null where it is none. */
export function ownerName(text: string | null): string | null {
  const name = text?.trim() ?? '';
  return name.length === 0 || name.length > maxOwnerCharacters || /\p{C}/u.test(name) ? null : name;
}
