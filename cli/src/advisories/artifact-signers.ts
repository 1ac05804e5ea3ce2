import type { ArtifactSigners } from '@tidewaiter/advisory-sync';
import type { Trust } from '@tidewaiter/provenance';
import type { Command } from 'commander';

import { collect } from '../collect.js';
import { environment } from '../context.js';

/** Flags that name the signers of artifacts, each with its variable. */
export interface ArtifactSignerFlags {
  key?: string[];
  certificateIdentity?: string;
  certificateOidcIssuer?: string;
  trustedRoot?: string;
  allowUnsigned?: boolean;
}

export function withArtifactSigners(command: Command): Command {
  return command
    .option(
      '--key <file>',
      'public key (PEM) that shall have signed the artifact, repeatable; TIDEWAITER_ADVISORIES_KEY unless given',
      collect,
    )
    .option('--trusted-root <file>', 'trusted root (JSON) of certificates that may have signed the artifact')
    .option('--certificate-identity <identity>', 'who must have signed with such a certificate; * stands for anything')
    .option('--certificate-oidc-issuer <url>', 'who must have vouched for that identity')
    .option('--allow-unsigned', 'take an artifact whoever built it');
}

/** Null where an unsigned artifact is allowed. @throws as `artifactTrust` */
export async function artifactSigners(flags: ArtifactSignerFlags): Promise<Trust | null> {
  if (flags.allowUnsigned === true) return null;
  const key = environment['TIDEWAITER_ADVISORIES_KEY'];
  const signers: ArtifactSigners = {
    keys: flags.key ?? (key === undefined || key === '' ? [] : [key]),
    identity: flags.certificateIdentity ?? environment['TIDEWAITER_ADVISORIES_IDENTITY'],
    issuer: flags.certificateOidcIssuer ?? environment['TIDEWAITER_ADVISORIES_ISSUER'],
    trustedRoot: flags.trustedRoot ?? environment['TIDEWAITER_ADVISORIES_TRUSTED_ROOT'],
  };
  const { artifactTrust } = await import('@tidewaiter/advisory-sync');
  return artifactTrust(signers);
}
