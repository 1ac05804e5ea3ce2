import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { matchesWildcard } from '@tidewaiter/domain';
import { readTrust, type Trust } from '@tidewaiter/provenance';
import { TidewaiterSettings } from '@tidewaiter/runtime';

/** Signers of a repository: its images need the signature of one of them. */
export interface RequiredSigners {
  names: string[];
  trust: Trust;
}

/** Configured signers of tidewaiter.yaml, by the repositories in which their signatures count. */
@Injectable()
export class Signers {
  readonly #signers: readonly { name: string; repositories: readonly string[]; trust: Trust; text: string }[];

  /** @throws InvalidInput `KEY_INVALID`, `TRUSTED_ROOT_INVALID` */
  constructor({ signers }: TidewaiterSettings) {
    this.#signers = signers.map(({ repositories, ...signer }) => ({
      name: signer.name,
      repositories,
      trust: readTrust([signer]),
      text: JSON.stringify(signer),
    }));
  }

  /**
   * Hash of the signers of a repository; empty where none is required. Images that were verified
   * by another version are verified again.
   */
  versionOf(repository: string): string {
    const texts = this.#required(repository).map(({ text }) => text);
    return texts.length === 0 ? '' : createHash('sha256').update(JSON.stringify(texts.toSorted())).digest('hex');
  }

  /** Null if no signature is required. */
  of(repository: string): RequiredSigners | null {
    const required = this.#required(repository);
    if (required.length === 0) return null;
    return {
      names: required.map(({ name }) => name),
      trust: {
        keys: required.flatMap(({ trust }) => trust.keys),
        certificates: required.flatMap(({ trust }) => trust.certificates),
      },
    };
  }

  #required(repository: string) {
    return this.#signers.filter(({ repositories }) =>
      repositories.some((pattern) => matchesWildcard(pattern, repository)),
    );
  }
}
