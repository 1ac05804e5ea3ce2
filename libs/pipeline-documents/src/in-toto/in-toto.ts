import { TidewaiterError } from '@tidewaiter/domain';
import { attestationType, readClaimedAttestation } from '@tidewaiter/provenance';

import { type DocumentKind, invalidDocument } from '../document-kind.js';

const title = 'in-toto attestation';

/**
 * A statement in a DSSE envelope, in a Sigstore bundle, or bare.
 * @see https://github.com/in-toto/attestation/tree/main/spec
 */
export const inToto: DocumentKind = {
  format: 'in-toto',
  title,
  recognizes: (document) => attestationType(document) !== null,
  read(document, content) {
    try {
      const { predicateType, ...claimed } = readClaimedAttestation(content, attestationType(document) ?? '');
      return { ...claimed, version: predicateType, isBound: true, image: null, packages: null };
    } catch (error) {
      if (error instanceof TidewaiterError) throw invalidDocument(title, error.message);
      throw error;
    }
  },
};
