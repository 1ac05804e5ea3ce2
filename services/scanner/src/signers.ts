import { matchesWildcard } from '@tidewaiter/domain';
import { readTrust, type Trust } from '@tidewaiter/provenance';
import type { SignerSettings } from '@tidewaiter/runtime';

/** Who must have signed the images of a repository: one of them is enough. */
export interface RequiredSigners {
  names: string[];
  trust: Trust;
}

/** Whose signatures count in which repositories, as tidewaiter.yaml says. */
export class Signers {
  readonly #signers: readonly { name: string; repositories: readonly string[]; trust: Trust }[];

  /** @throws InvalidInput `KEY_INVALID`, `TRUSTED_ROOT_INVALID` */
  constructor(settings: readonly SignerSettings[]) {
    this.#signers = settings.map(({ repositories, ...signer }) => ({
      name: signer.name,
      repositories,
      trust: readTrust([signer]),
    }));
  }

  /** Null where nobody needs to sign. */
  of(repository: string): RequiredSigners | null {
    const required = this.#signers.filter(({ repositories }) =>
      repositories.some((pattern) => matchesWildcard(pattern, repository)),
    );
    if (required.length === 0) return null;
    return {
      names: required.map(({ name }) => name),
      trust: {
        keys: required.flatMap(({ trust }) => trust.keys),
        certificates: required.flatMap(({ trust }) => trust.certificates),
      },
    };
  }
}
