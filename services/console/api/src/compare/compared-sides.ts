import { Injectable } from '@nestjs/common';
import { type Digest, InvalidInput, isDigest, NotFound } from '@tidewaiter/domain';
import { type ComparedImages, type Image, Images, Lists, type Push, Pushes, workloadList } from '@tidewaiter/store';
import { z } from 'zod';

import { whereOf } from '../http/lists.js';

const pushId = z.uuid();
const running = /^running:([^/]*)\/([^/]+)\/([^/]+)\/([^/]+)$/;
const tagged = /^([^/]+)\/(.+):([\w.-]{1,128})$/;

/** Images that references of a comparison name. */
@Injectable()
export class ComparedSides {
  constructor(
    private readonly images: Images,
    private readonly pushes: Pushes,
    private readonly lists: Lists,
  ) {}

  /** @throws InvalidInput `INPUT_INVALID`; NotFound `IMAGE_UNKNOWN` */
  async of(reference: string): Promise<ComparedImages> {
    const found = await this.#find(reference);
    if (found.images.length === 0) throw new NotFound('IMAGE_UNKNOWN', `no image ${reference}`);
    return found;
  }

  async #find(reference: string): Promise<ComparedImages> {
    // `repository@digest` names the digest.
    const digest = reference.slice(reference.lastIndexOf('@') + 1);
    if (isDigest(digest)) return this.#ofDigest(digest);
    if (pushId.safeParse(reference).success) return this.#ofPush(await this.pushes.get(reference));
    const [, cluster = '', namespace, kind, name] = running.exec(reference) ?? [];
    if (name !== undefined) return this.#ofWorkload({ cluster: cluster === '-' ? '' : cluster, namespace, kind, name });
    const [, registry, repository, tag] = tagged.exec(reference) ?? [];
    if (registry === undefined || repository === undefined || tag === undefined)
      throw new InvalidInput(
        'INPUT_INVALID',
        'a digest, registry/repository:tag, the id of a push, or running:cluster/namespace/Kind/name',
      );
    return this.#ofPush(await this.pushes.current({ registry, repository, tag }));
  }

  async #ofPush(push: Push | null): Promise<ComparedImages> {
    return { push, images: push ? await this.images.ofPush(push.id) : [] };
  }

  async #ofDigest(digest: Digest): Promise<ComparedImages> {
    const [images, push] = await Promise.all([this.images.ofDigest(digest), this.pushes.newestOf(digest)]);
    return { images, push };
  }

  async #ofWorkload(
    place: Partial<Record<'cluster' | 'namespace' | 'kind' | 'name', string>>,
  ): Promise<ComparedImages> {
    const { items } = await this.lists.page(workloadList, {
      where: whereOf<keyof typeof workloadList.fields>(place),
      ...{ sort: 'name', isDescending: false, limit: 1 },
    });
    const images: Image[] = [];
    for (const { digest } of items[0]?.images ?? [])
      if (isDigest(digest)) images.push(...(await this.images.ofDigest(digest)));
    return { images, push: images[0] ? await this.pushes.newestOf(images[0].digest) : null };
  }
}
