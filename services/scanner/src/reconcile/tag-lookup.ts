import { Injectable } from '@nestjs/common';
import { type Digest, NotFound } from '@tidewaiter/domain';

import { Registries } from '../registries.js';

/** Resolves tags in their registries. */
@Injectable()
export class TagLookup {
  constructor(private readonly registries: Registries) {}

  /**
   * Returns the digest that a tag points to now; null if it was deleted. Skips mirrors, which may
   * lag behind.
   * @throws as `RegistryClient.resolve`, except for a missing tag
   */
  async digestOf(connection: string, repository: string, tag: string, signal?: AbortSignal): Promise<Digest | null> {
    try {
      return (await this.registries.client(connection).resolveOfOrigin(repository, tag, signal)).digest;
    } catch (error) {
      if (error instanceof NotFound) return null;
      throw error;
    }
  }
}
