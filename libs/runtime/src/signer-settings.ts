import { z } from 'zod';

import { name, secretPair, type SecretReader } from './secret-settings.js';

const certificateKeys = ['identity', 'issuer'] as const;

/**
 * One of `signers` of tidewaiter.yaml: either a key, or identity and issuer of a certificate with
 * its trusted root.
 */
export const signer = z
  .strictObject({
    name,
    ...secretPair('key'),
    identity: z.string().min(1).optional(),
    issuer: z.string().min(1).optional(),
    ...secretPair('trustedRoot'),
    /**
     * Repositories whose images must be signed by this signer, or another one that names them; `*`
     * stands for anything.
     */
    repositories: z.array(z.string().min(1)).min(1).default(['*']),
  })
  .superRefine(({ key, keyFile, trustedRoot, trustedRootFile, ...certificate }, context) => {
    const hasRoot = trustedRoot !== undefined || trustedRootFile !== undefined;
    const given = certificateKeys.filter((each) => certificate[each] !== undefined).length;
    const isByKey = key !== undefined || keyFile !== undefined;
    if (isByKey ? given === 0 && !hasRoot : given === 2 && hasRoot) return;
    context.addIssue({ code: 'custom', message: 'give keyFile, or identity, issuer and trustedRootFile' });
  });

/** Signer whose signature the images of some repositories require. */
export type SignerSettings = { name: string; repositories: string[] } & (
  | { /** PEM text. */ key: string }
  | { identity: string; issuer: string; /** JSON text. */ trustedRoot: string }
);

export function signerSettings(read: z.output<typeof signer>, at: string, secrets: SecretReader): SignerSettings {
  const { name, repositories, identity, issuer } = read;
  const trustedRoot = secrets.read(`${at}.trustedRoot`, read.trustedRoot, read.trustedRootFile)?.reveal();
  if (identity !== undefined && issuer !== undefined) {
    return { name, repositories, identity, issuer, trustedRoot: trustedRoot ?? '' };
  }
  return { name, repositories, key: secrets.read(`${at}.key`, read.key, read.keyFile)?.reveal() ?? '' };
}
