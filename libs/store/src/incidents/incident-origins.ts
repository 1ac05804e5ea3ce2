import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import type { PushChanges } from '@tidewaiter/integrity';

import { Provenances } from '../images/pushes/provenances.js';
import { PushDifferences } from '../images/pushes/push-differences.js';
import type { Push } from '../images/pushes/pushes.js';

export interface IncidentProvenance {
  /** Null if signatures were never verified. */
  isSigned: boolean | null;
  /** Names of the signers of verified signatures. */
  signers: string[];
  /** Builder, as a verified attestation states. */
  builder: string | null;
  source: string | null;
  revision: string | null;
}

/** Origin of the image of an incident: changes of its push, and provenance. */
@Injectable()
export class IncidentOrigins {
  constructor(
    private readonly differences: PushDifferences,
    private readonly provenances: Provenances,
  ) {}

  async of(push: Push, digest: Digest): Promise<{ changes: PushChanges | null; provenance: IncidentProvenance }> {
    const known = await this.provenances.get(push, digest);
    const signers = (known?.signatures ?? []).flatMap(({ verified, signer }) =>
      verified && signer ? [signer.name] : [],
    );
    const attested = (known?.attestations ?? []).filter(({ verified }) => verified);
    const first = (key: 'builder' | 'source' | 'revision') =>
      attested.find((each) => each[key] !== null)?.[key] ?? null;
    return {
      changes: await this.differences.of(push.id),
      provenance: {
        isSigned: known && signers.length > 0,
        signers: [...new Set(signers)],
        builder: first('builder'),
        source: first('source'),
        revision: first('revision'),
      },
    };
  }
}
