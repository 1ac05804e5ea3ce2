import { Injectable } from '@nestjs/common';
import { isDigest } from '@tidewaiter/domain';
import { incidentMessage, type StillFiring } from '@tidewaiter/messages';
import { type Image, Images, type JudgedPush, Judgements, Pushes } from '@tidewaiter/store';

import { Channels } from './channels.js';
import { IncidentReports } from './incident-reports.js';

/** Tags and running images whose findings are looked at anew for one message; those beyond are taken as they were told. */
const maxPlaces = 100;

/**
 * Drops reminders that no longer apply, by what is known now: a tag may be gone, an image may run no more, and a finding may be
 * excepted, without an event that says so.
 */
@Injectable()
export class StillTrue {
  constructor(
    private readonly pushes: Pushes,
    private readonly images: Images,
    private readonly judgements: Judgements,
    private readonly incidents: IncidentReports,
    private readonly channels: Channels,
  ) {}

  async of(still: readonly StillFiring[]): Promise<StillFiring[]> {
    const open = new Map<string, ReadonlySet<string> | null>();
    const left: StillFiring[] = [];
    for (const each of still) {
      const [kind, ...names] = JSON.parse(each.alert.identity) as [string, ...string[]];
      if (kind === 'incident') left.push(...(await this.#incident(each, names[0] ?? '')));
      else if (kind !== 'finding' && kind !== 'running-finding') left.push(each);
      else {
        const [registry = '', repository = '', version = '', fingerprint = ''] = names;
        const place = JSON.stringify([kind, registry, repository, version]);
        if (!open.has(place) && open.size < maxPlaces) {
          const findings =
            kind === 'finding'
              ? this.#findings({ registry, repository, tag: version })
              : this.#findingsOfRunning({ registry, repository, digest: version });
          open.set(place, await findings);
        }
        if (open.get(place)?.has(fingerprint) ?? true) left.push(each);
      }
    }
    return left;
  }

  /** An incident as it stands. */
  async #incident(each: StillFiring, id: string): Promise<StillFiring[]> {
    const report = (await this.incidents.of([id])).get(id);
    if (report?.incident.state !== 'open') return [];
    return [{ ...each, told: incidentMessage(report, { consoleUrl: this.channels.consoleUrl }) }];
  }

  /** What counts of the findings of a tag, of which none is left where the tag is gone; null while what it points to is not judged. */
  async #findings(place: { registry: string; repository: string; tag: string }): Promise<ReadonlySet<string> | null> {
    const push = await this.pushes.current(place);
    if (push === null) return new Set();
    if (push.state !== 'analyzed') return null;
    return this.#present(push, await this.images.ofPush(push.id));
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
    return this.#present({ registryHost: registry, connection: registry, repository, tag: null, digest }, images);
  }

  async #present(push: JudgedPush, images: readonly Image[]): Promise<ReadonlySet<string>> {
    const { findings } = await this.judgements.of(push, images, []);
    return new Set(findings.filter(({ state }) => state === 'present').map(({ fingerprint }) => fingerprint));
  }
}
