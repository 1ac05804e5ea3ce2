import { Injectable } from '@nestjs/common';
import { type Alert, isCounted, isDigest } from '@tidewaiter/domain';
import { type Image, Images, type EvaluatedPush, Verdicts, Pushes, TagLedger } from '@tidewaiter/store';

/**
 * Limit on the tags and running images evaluated in one pass; alerts of further ones are kept as
 * announced.
 */
const maxPlaces = 100;

/**
 * Fingerprints of the counted findings of tags and running images, evaluated in one pass; null for
 * one that is not evaluated.
 */
export type EvaluatedPlaces = Map<string, ReadonlySet<string> | null>;

/**
 * Drops alerts that no longer hold. A tag may be deleted, an image may have stopped, and a finding
 * may have been excepted, without an event.
 */
@Injectable()
export class ReminderRecheck {
  constructor(
    private readonly pushes: Pushes,
    private readonly ledger: TagLedger,
    private readonly images: Images,
    private readonly evaluations: Verdicts,
  ) {}

  /**
   * Whether an alert about an image still holds; true for every other alert.
   * @param evaluated places evaluated in the same pass, to which this one is added
   */
  async holds({ identity }: Alert, evaluated: EvaluatedPlaces): Promise<boolean> {
    const [kind, registry, repository, version, fingerprint] = partsOf(identity);
    // Alerts about content that its tag no longer points to name no tag.
    if (registry == null || repository == null || version == null) return true;
    const place = { registry, repository };
    if (kind === 'not-analyzed') return !(await this.ledger.isGone({ ...place, tag: version }));
    if ((kind !== 'finding' && kind !== 'running-finding') || fingerprint == null) return true;
    const key = JSON.stringify([kind, registry, repository, version]);
    if (!evaluated.has(key) && evaluated.size < maxPlaces) {
      const findings =
        kind === 'finding'
          ? this.#findings({ ...place, tag: version })
          : this.#findingsOfRunning({ ...place, digest: version });
      evaluated.set(key, await findings);
    }
    return evaluated.get(key)?.has(fingerprint) ?? true;
  }

  /**
   * Fingerprints of the counted findings of a tag; empty where the tag is deleted. Null while its
   * current push is not analyzed: the next push is compared with the old one, so dropping the alert
   * now would lose it.
   */
  async #findings(place: { registry: string; repository: string; tag: string }): Promise<ReadonlySet<string> | null> {
    const push = await this.pushes.current(place);
    if (push === null) return (await this.ledger.isGone(place)) ? new Set() : null;
    if (push.state !== 'analyzed') return null;
    return this.#counted(push, await this.images.ofPush(push.id));
  }

  /** Fingerprints of the counted findings of an untagged image; empty if it no longer runs. */
  async #findingsOfRunning(place: {
    registry: string;
    repository: string;
    digest: string;
  }): Promise<ReadonlySet<string>> {
    const { registry, repository, digest } = place;
    if (!isDigest(digest)) return new Set();
    const images = await this.images.ofDigest(digest);
    if (!(await this.images.areRunning(images.map((image) => image.digest)))) return new Set();
    return this.#counted({ registryHost: registry, connection: registry, repository, tag: null, digest }, images);
  }

  async #counted(push: EvaluatedPush, images: readonly Image[]): Promise<ReadonlySet<string>> {
    const findings = await this.evaluations.unsuppressed(push, images);
    return new Set(findings.filter(isCounted).map(({ fingerprint }) => fingerprint));
  }
}

/**
 * Splits the identity of an alert. Alerts of older versions and of other programs may have other
 * identities.
 */
export function partsOf(identity: string): readonly (string | null | undefined)[] {
  try {
    const parts: unknown = JSON.parse(identity);
    return Array.isArray(parts) ? (parts as (string | null)[]) : [];
  } catch {
    return [];
  }
}
