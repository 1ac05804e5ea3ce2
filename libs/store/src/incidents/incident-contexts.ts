import { Injectable } from '@nestjs/common';
import { countFindings, type Digest, type SeverityCounts } from '@tidewaiter/domain';
import type { PushChanges } from '@tidewaiter/integrity';

import type { ImageFinding } from '../images/findings.js';
import { Images } from '../images/images.js';
import { type Push, Pushes } from '../images/pushes/pushes.js';
import { Verdicts } from '../images/pushes/verdicts.js';
import { IncidentOrigins, type IncidentProvenance } from './incident-origins.js';
import { type IncidentReach, IncidentReaches } from './incident-reaches.js';
import type { StoredIncident } from './incidents.js';

/** Context of an incident: its image, and its possible reach. */
export interface IncidentContext {
  /** Null if the image is unknown, or was never pushed to a connected registry. */
  image: IncidentImage | null;
  reach: IncidentReach;
}

export interface IncidentImage {
  digest: Digest;
  /** The newest push that brought it. */
  push: Push;
  /** Changes of that push against the previous image of its tag; null if unknown. */
  changes: PushChanges | null;
  counts: SeverityCounts;
  /** Whether all of it could be evaluated, so that an empty list of findings is significant. */
  isEvaluated: boolean;
  /** Most urgent findings, {@link maxFindings} at most. */
  findings: ImageFinding[];
  provenance: IncidentProvenance;
}

/** Limit on the findings shown with an incident. */
const maxFindings = 10;

@Injectable()
export class IncidentContexts {
  constructor(
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly evaluations: Verdicts,
    private readonly origins: IncidentOrigins,
    private readonly reaches: IncidentReaches,
  ) {}

  async of(incident: StoredIncident): Promise<IncidentContext> {
    const [context] = await this.ofAll([incident]);
    return context!;
  }

  /** Contexts of several incidents, in their order. */
  async ofAll(incidents: readonly StoredIncident[]): Promise<IncidentContext[]> {
    const images = await this.#images(new Set(incidents.flatMap(({ imageDigest }) => imageDigest ?? [])));
    const asked = incidents.map((incident) => ({
      incident,
      image: (incident.imageDigest !== null && images.get(incident.imageDigest)) || null,
    }));
    const reaches = await this.reaches.ofAll(
      asked.map(({ incident, image }) => ({ incident, findings: image?.findings ?? [] })),
    );
    return asked.map(({ image }, index) => ({ image, reach: reaches[index]! }));
  }

  async #images(digests: ReadonlySet<Digest>): Promise<Map<Digest, IncidentImage>> {
    const pushes = await this.pushes.newestOfEach([...digests]);
    const images = await Promise.all([...pushes].map(([digest, push]) => this.#image(digest, push)));
    return new Map(images.map((image) => [image.digest, image]));
  }

  async #image(digest: Digest, push: Push): Promise<IncidentImage> {
    const images = (await this.images.ofDigest(digest)).filter(({ analyzedAt }) => analyzedAt !== null);
    const findings = await this.evaluations.unsuppressed(push, images);
    const present = findings.filter(({ state }) => state === 'present');
    return {
      digest,
      push,
      counts: countFindings(findings),
      isEvaluated: images.length > 0 && push.verdict !== 'unknown',
      findings: present.slice(0, maxFindings),
      ...(await this.origins.of(push, digest)),
    };
  }
}
