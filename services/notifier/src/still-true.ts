import { Injectable } from '@nestjs/common';
import { type Alert, isCounted, isDigest } from '@tidewaiter/domain';
import { type Image, Images, type JudgedPush, Judgements, Pushes, TagLedger } from '@tidewaiter/store';

/** Tags and running images that are judged anew at one time; alerts of those beyond are taken as they were announced. */
const maxPlaces = 100;

/** Tags and running images as they stand at one time: fingerprints of what counts; null of one that is not judged. */
export type JudgedPlaces = Map<string, ReadonlySet<string> | null>;

/**
 * Drops alerts that no longer hold, by what is known now: a tag may be gone, an image may run no more, and a finding may have been
 * accepted, without an event that says so.
 */
@Injectable()
export class StillTrue {
  constructor(
    private readonly pushes: Pushes,
    private readonly ledger: TagLedger,
    private readonly images: Images,
    private readonly judgements: Judgements,
  ) {}

  /**
   * Whether an alert about an image still holds; true of everything else.
   * @param judged places that were judged at the same time, and to which this one is added
   */
  async holds({ identity }: Alert, judged: JudgedPlaces): Promise<boolean> {
    const [kind, registry, repository, version, fingerprint] = partsOf(identity);
    // Alerts about content that its tag has no more name no tag.
    if (registry == null || repository == null || version == null) return true;
    const place = { registry, repository };
    if (kind === 'not-analyzed') return !(await this.ledger.isGone({ ...place, tag: version }));
    if ((kind !== 'finding' && kind !== 'running-finding') || fingerprint == null) return true;
    const key = JSON.stringify([kind, registry, repository, version]);
    if (!judged.has(key) && judged.size < maxPlaces) {
      const findings =
        kind === 'finding'
          ? this.#findings({ ...place, tag: version })
          : this.#findingsOfRunning({ ...place, digest: version });
      judged.set(key, await findings);
    }
    return judged.get(key)?.has(fingerprint) ?? true;
  }

  /**
   * What counts of the findings of a tag, of which none is left where the tag is gone; null while what it points to is not judged: what
   * comes next is compared with what was there, so that dropping it would lose it.
   */
  async #findings(place: { registry: string; repository: string; tag: string }): Promise<ReadonlySet<string> | null> {
    const push = await this.pushes.current(place);
    if (push === null) return (await this.ledger.isGone(place)) ? new Set() : null;
    if (push.state !== 'analyzed') return null;
    return this.#counted(push, await this.images.ofPush(push.id));
  }

  /** What counts of the findings of an image that no tag points to, of which none is left where it runs no more. */
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

  async #counted(push: JudgedPush, images: readonly Image[]): Promise<ReadonlySet<string>> {
    const { findings } = await this.judgements.of(push, images, []);
    return new Set(findings.filter(isCounted).map(({ fingerprint }) => fingerprint));
  }
}

/** The parts of the identity of an alert. Alerts of older versions and of other programs may be named otherwise. */
export function partsOf(identity: string): readonly (string | null | undefined)[] {
  try {
    const parts: unknown = JSON.parse(identity);
    return Array.isArray(parts) ? (parts as (string | null)[]) : [];
  } catch {
    return [];
  }
}
