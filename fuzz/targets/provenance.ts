import { readTrust, verifyImage } from '@tidewaiter/provenance';

import type { Target } from '../target.ts';

/** Key that signed the seeds; a mutated seed has no valid signature. */
const key = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAcrrx0TdZkIhzzH7ubU8FFyZUQhNoXbRKj1ivCBjff8c=
-----END PUBLIC KEY-----`;
const trust = readTrust([{ name: 'seeds', key }]);
const image = `sha256:${'a'.repeat(64)}`;
const annotations = { 'dev.cosignproject.cosign/signature': 'eA==' };
const mediaTypes = [
  'application/vnd.dev.cosign.simplesigning.v1+json',
  'application/vnd.dsse.envelope.v1+json',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
];

export const provenance: Target = {
  name: 'provenance',
  run: (content) => {
    const artifacts = mediaTypes.map((mediaType) => ({ manifest: image, mediaType, annotations, content }));
    // As a certificate too, which stands in an annotation.
    const certificate = `-----BEGIN CERTIFICATE-----\n${content.toString('base64')}\n-----END CERTIFICATE-----`;
    const withCertificate = { ...annotations, 'dev.sigstore.cosign/certificate': certificate };
    return verifyImage(image, [...artifacts, { ...artifacts[0]!, annotations: withCertificate }], trust);
  },
};
