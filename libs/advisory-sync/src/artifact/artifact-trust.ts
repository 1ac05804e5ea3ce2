import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';
import type { Trust, TrustedSigner } from '@tidewaiter/provenance';

/** Signers of artifacts as they are configured: keys, or an identity of certificates. */
export interface ArtifactSigners {
  /** Files of public keys in PEM, or their texts. */
  keys: readonly string[];
  identity?: string | undefined;
  issuer?: string | undefined;
  /** File of a trusted root. */
  trustedRoot?: string | undefined;
}

/**
 * @throws InvalidInput `KEY_INVALID`, `TRUSTED_ROOT_INVALID`, and `ARTIFACT_SIGNERS` where none is
 * configured: without one, nothing shows who built an artifact
 */
export async function artifactTrust({ keys, identity, issuer, trustedRoot }: ArtifactSigners): Promise<Trust> {
  const signers: TrustedSigner[] = [];
  for (const key of keys) {
    const isText = key.includes('-----BEGIN');
    signers.push({ name: isText ? 'the configured key' : basename(key), key: isText ? key : await text(key) });
  }
  if (identity !== undefined && issuer !== undefined && trustedRoot !== undefined) {
    signers.push({ name: identity, identity, issuer, trustedRoot: await text(trustedRoot) });
  } else if ((identity ?? issuer ?? trustedRoot) !== undefined) {
    throw new InvalidInput('ARTIFACT_SIGNERS', 'identity, issuer and trusted root of a certificate go together');
  }
  if (signers.length === 0) {
    throw new InvalidInput('ARTIFACT_SIGNERS', 'no signer of the artifact is configured: give its public key');
  }
  const { readTrust } = await import('@tidewaiter/provenance');
  return readTrust(signers);
}

async function text(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new InvalidInput('ARTIFACT_SIGNERS', `${path} cannot be read`, { cause });
  }
}
