import { Injectable } from '@nestjs/common';
import { type Digest, InvalidInput, LimitExceeded, NotFound } from '@tidewaiter/domain';
import type { FetchedManifest } from '@tidewaiter/registry';

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

  /**
   * {@link digestOf} a tag, with its manifest where no mirror saves the registry from sending it:
   * who wants both asks once.
   * @throws as {@link digestOf}
   */
  async manifestOf(
    connection: string,
    repository: string,
    tag: string,
    signal?: AbortSignal,
  ): Promise<{ digest: Digest | null; manifest?: FetchedManifest }> {
    const client = this.registries.client(connection);
    if (client.hasMirrors) return { digest: await this.digestOf(connection, repository, tag, signal) };
    try {
      const manifest = await client.manifestOfOrigin(repository, tag, signal);
      return { digest: manifest.digest, manifest };
    } catch (error) {
      if (error instanceof NotFound) return { digest: null };
      // The registry still knows what the tag points to.
      if (!(error instanceof InvalidInput) && !(error instanceof LimitExceeded)) throw error;
      return { digest: await this.digestOf(connection, repository, tag, signal) };
    }
  }
}
