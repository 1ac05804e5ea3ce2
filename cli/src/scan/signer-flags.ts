import { basename } from 'node:path';

import type { TrustedSigner, Trust } from '@tidewaiter/provenance';
import type { Command } from 'commander';

import { collect } from '../collect.js';
import { readText } from '../sources/text-files.js';

/** Flags that select the trusted signers. */
export interface SignerFlags {
  key?: string[];
  trustedRoot?: string;
  certificateIdentity?: string;
  certificateOidcIssuer?: string;
}

export function withSignerFlags(command: Command): Command {
  return command
    .option('--key <file>', 'public key (PEM) that shall have signed the image; repeatable', collect)
    .option('--trusted-root <file>', 'trusted root (JSON) of certificates that may have signed the image')
    .option('--certificate-identity <identity>', 'who must have signed with such a certificate; * stands for anything')
    .option('--certificate-oidc-issuer <url>', 'who must have vouched for that identity');
}

/** Explanation of an invalid combination of flags. */
export function signerProblem({
  trustedRoot,
  certificateIdentity,
  certificateOidcIssuer,
}: SignerFlags): string | undefined {
  const given = [trustedRoot, certificateIdentity, certificateOidcIssuer].filter((flag) => flag !== undefined);
  if (given.length === 0 || given.length === 3) return undefined;
  return '--trusted-root, --certificate-identity and --certificate-oidc-issuer go together';
}

/**
 * Trusted signers; undefined where no flag names any.
 * @throws InvalidInput `KEY_INVALID`, `TRUSTED_ROOT_INVALID`; NotFound `TARGET_MISSING`
 */
export async function readSigners(flags: SignerFlags): Promise<Trust | undefined> {
  const signers: TrustedSigner[] = [];
  for (const file of flags.key ?? []) signers.push({ name: basename(file), key: await readText(file) });
  const { trustedRoot, certificateIdentity: identity, certificateOidcIssuer: issuer } = flags;
  if (trustedRoot !== undefined && identity !== undefined && issuer !== undefined) {
    signers.push({ name: identity, identity, issuer, trustedRoot: await readText(trustedRoot) });
  }
  if (signers.length === 0) return undefined;
  const { readTrust } = await import('@tidewaiter/provenance');
  return readTrust(signers);
}
