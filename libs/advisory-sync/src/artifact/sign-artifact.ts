import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto';

import { type Digest, InvalidInput } from '@tidewaiter/domain';

import type { WritableAdvisoryPlace } from './artifact-place.js';

const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  payload: 'application/vnd.dev.cosign.simplesigning.v1+json',
};

/** @throws InvalidInput `KEY_INVALID` */
export function readSigningKey(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch (cause) {
    throw new InvalidInput(
      'KEY_INVALID',
      'the signing key is no private key in PEM (PKCS #8), or its password is wrong',
      {
        cause,
      },
    );
  }
}

/**
 * Signs a manifest in the form that cosign writes and verifies, under its tag. An ECDSA or RSA key
 * signs a SHA-256.
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export async function signArtifact(target: WritableAdvisoryPlace, digest: Digest, key: KeyObject): Promise<void> {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': 'tidewaiter/advisories' },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional: null,
    }),
  );
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const signature = sign(algorithm, payload, key).toString('base64');
  const layer = {
    ...(await put(target, mediaTypes.payload, payload)),
    annotations: { 'dev.cosignproject.cosign/signature': signature },
  };
  const configuration = {
    architecture: '',
    created: '0001-01-01T00:00:00Z',
    os: '',
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
    config: {},
  };
  const config = await put(target, mediaTypes.config, Buffer.from(JSON.stringify(configuration)));
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [layer] }),
  );
  const found = { digest: digestOf(manifest), mediaType: mediaTypes.manifest, bytes: manifest };
  await target.putManifest(found, `${digest.replace(':', '-')}.sig`);
}

async function put(target: WritableAdvisoryPlace, mediaType: string, bytes: Buffer) {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await target.putBlob(descriptor, async () => bytes);
  return descriptor;
}

function digestOf(bytes: Buffer): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
