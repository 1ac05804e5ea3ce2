import { Injectable } from '@nestjs/common';
import { type ImageReference, imageReferenceOf, type KnownImage } from '@tidewaiter/detection';
import type { Digest, RuntimeContainer } from '@tidewaiter/domain';
import { Pushes } from '@tidewaiter/store';

/** Answers which image that we hold a container runs; null when that is not certain. */
export type FindImage = (container: RuntimeContainer | null) => Promise<KnownImage | null>;

/** Joins containers to the images that were pushed. */
@Injectable()
export class KnownImages {
  constructor(private readonly pushes: Pushes) {}

  /** For the containers of one batch, which mostly run a few images: each is looked up once. */
  forBatch(): FindImage {
    const found = new Map<string, Promise<KnownImage | null>>();
    return async (container) => {
      if (container === null) return null;
      const reference = imageReferenceOf(container);
      const key = JSON.stringify(reference);
      const image = found.get(key) ?? this.#find(reference);
      found.set(key, image);
      return image;
    };
  }

  async #find({ host, repository, tag, digest }: ImageReference): Promise<KnownImage | null> {
    // A tag may have moved since the container started, so it says nothing against the digest that runs.
    if (digest !== null) return (await this.pushes.newestOf(digest)) && { digest };
    if (host === null || repository === null || tag === null) return null;
    const tagged = await this.#digestOfTag(host, repository, tag);
    return tagged === null ? null : { digest: tagged };
  }

  async #digestOfTag(host: string, repository: string, tag: string): Promise<Digest | null> {
    const digest = await this.pushes.digestOfTag(host, repository, tag);
    // An image that is named without a host is Docker Hub's; that we hold a repository of that name elsewhere says nothing.
    if (digest !== null || host === 'docker.io') return digest;
    const otherName = await this.pushes.otherNameOf(host, repository);
    return otherName === null ? null : this.pushes.digestOfTag(otherName, repository, tag);
  }
}
