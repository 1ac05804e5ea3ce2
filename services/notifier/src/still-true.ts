import { Injectable } from '@nestjs/common';
import { incidentMessage, type StillFiring } from '@tidewaiter/messages';
import { Images, Judgements, Pushes } from '@tidewaiter/store';

import { Channels } from './channels.js';
import { IncidentReports } from './incident-reports.js';

/** Tags whose findings are looked at anew for one message; those beyond are taken as they were told. */
const maxTags = 100;

/**
 * What of that which people were told still holds, by what is known now: a tag may be gone, and somebody may have decided to bear with a
 * finding, without an event that says so.
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
      else if (kind !== 'finding') left.push(each);
      else {
        const [registry = '', repository = '', tag = '', fingerprint = ''] = names;
        const place = JSON.stringify([registry, repository, tag]);
        if (!open.has(place) && open.size < maxTags) {
          open.set(place, await this.#findings({ registry, repository, tag }));
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
    const { findings } = await this.judgements.of(push, await this.images.ofPush(push.id), []);
    return new Set(findings.filter(({ state }) => state === 'present').map(({ fingerprint }) => fingerprint));
  }
}
