import { Injectable } from '@nestjs/common';
import { type Digest, NotFound } from '@tidewaiter/domain';

import { Registries } from '../registries.js';

/** Resolves tags in their registries. */
@Injectable()
export class TagLookup {
  constructor(private readonly registries: Registries) {}

  /**
   * Digest that a tag points to now; null where it is gone. Skips mirrors, which may be behind.
   * @throws as `RegistryClient.resolve`, but for a tag that is not there
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
