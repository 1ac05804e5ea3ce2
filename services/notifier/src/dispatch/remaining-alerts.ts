import { Injectable } from '@nestjs/common';
import { incidentMessage, type StillFiring } from '@tidewaiter/messages';

import { Channels } from '../delivery/channels.js';
import { IncidentReports } from '../subjects/incident-reports.js';
import { type EvaluatedPlaces, partsOf, ReminderRecheck } from './reminder-recheck.js';

/** Finds the alerts of a group that still hold, for its reminder. */
@Injectable()
export class RemainingAlerts {
  constructor(
    private readonly stillTrue: ReminderRecheck,
    private readonly incidents: IncidentReports,
    private readonly channels: Channels,
  ) {}

  /** Returns the alerts that still hold; incidents with their current message. */
  async of(still: readonly StillFiring[]): Promise<StillFiring[]> {
    const evaluated: EvaluatedPlaces = new Map();
    const left: StillFiring[] = [];
    for (const each of still) {
      const [kind, id] = partsOf(each.alert.identity);
      if (kind === 'incident') left.push(...(await this.#incident(each, id ?? '')));
      else if (await this.stillTrue.holds(each.alert, evaluated)) left.push(each);
    }
    return left;
  }

  async #incident(each: StillFiring, id: string): Promise<StillFiring[]> {
    const report = (await this.incidents.of([id])).get(id);
    if (report?.incident.state !== 'open') return [];
    return [{ ...each, message: incidentMessage(report, { consoleUrl: this.channels.consoleUrl }) }];
  }
}
