import { Injectable } from '@nestjs/common';
import { Every, Logger } from '@tidewaiter/runtime';
import { Incidents } from '@tidewaiter/store';

import { DetectorConfig } from '../config.js';

const everyMs = 3_600_000;

/** Deletes incidents that ended long ago. */
@Injectable()
export class IncidentExpiry {
  constructor(
    private readonly config: DetectorConfig,
    private readonly incidents: Incidents,
    private readonly logger: Logger,
  ) {}

  @Every(everyMs)
  async expire(): Promise<void> {
    const { incidentDays } = this.config;
    if (incidentDays === 0) return;
    const incidents = await this.incidents.deleteEnded(incidentDays);
    if (incidents > 0) this.logger.info({ incidents }, 'incidents expired');
  }
}
