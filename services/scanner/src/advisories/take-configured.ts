import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Injectable } from '@nestjs/common';
import { AdvisoryFile, localFile } from '@tidewaiter/advisory-file';
import { type AdvisoryPlace, artifactTrust, takeArtifact } from '@tidewaiter/advisory-sync';
import { Logger } from '@tidewaiter/runtime';
import { loadAdvisories, Store } from '@tidewaiter/store';

import { ScannerConfig } from '../config.js';
import { Registries } from '../registries.js';

/** Takes the configured artifact of advisories into the database, as `advisories sync` does. */
@Injectable()
export class TakeConfigured {
  constructor(
    private readonly config: ScannerConfig,
    private readonly registries: Registries,
    private readonly store: Store,
    private readonly logger: Logger,
  ) {}

  /** `oci://REGISTRY/REPOSITORY[:TAG]`; undefined where the sources themselves are fetched. */
  get from(): string | undefined {
    return this.config.advisoriesFrom;
  }

  /** @throws as `takeArtifact` */
  async take(from: string, signal: AbortSignal): Promise<void> {
    const { advisoriesFolder: kept } = this.config;
    const folder = kept ?? (await mkdtemp(join(tmpdir(), 'tidewaiter-artifact-')));
    try {
      const path = join(folder, 'artifact.db');
      await this.#intoFile(from, path, signal);
      using file = AdvisoryFile.open(path);
      const start = performance.now();
      const { kept: notRemoved, ...counts } = await loadAdvisories(this.store, file, {
        acceptsRemovals: false,
        signal,
      });
      for (const each of notRemoved) this.logger.warn(each, 'advisories deleted upstream kept');
      const fields = { ...counts, duration_ms: Math.round(performance.now() - start) };
      this.logger.info(fields, 'advisory load done');
    } finally {
      if (kept === undefined) await rm(folder, { recursive: true, force: true });
    }
  }

  async #intoFile(from: string, path: string, signal: AbortSignal): Promise<void> {
    const { client, repository, reference } = this.registries.hostClient(from.replace(/^oci:\/\//, ''));
    const place: AdvisoryPlace = {
      name: from,
      manifest: (each) => client.manifest(repository, each, signal),
      blob: (descriptor) => client.blob(repository, descriptor, signal),
      referrers: (digest) => client.referrers(repository, digest, signal),
    };
    const { advisoriesKey: key, advisoriesIdentity: identity, advisoriesIssuer: issuer } = this.config;
    const trustedRoot = this.config.advisoriesTrustedRoot;
    const trust = await artifactTrust({ keys: key === undefined ? [] : [key], identity, issuer, trustedRoot });
    const { state, bytes, deltas, artifact } = await takeArtifact({
      place,
      reference,
      file: localFile(path),
      trust,
      acceptsOlder: false,
      acceptsReplacing: true,
      onBytes: () => undefined,
    });
    const fields = { state, bytes, deltas, image_digest: artifact.manifest, as_of: artifact.createdAt };
    this.logger.info(fields, 'advisory artifact taken');
  }
}
