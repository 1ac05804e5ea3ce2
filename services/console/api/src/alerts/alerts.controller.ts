import { Controller, Get, Query } from '@nestjs/common';
import { DetectionAlerts, type ListedAlert, type Page } from '@tidewaiter/store';
import type { z } from 'zod';

import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { alertsQuery, alertAnswer } from './alert-schemas.js';

type AlertAnswer = z.output<typeof alertAnswer>;

/** Alerts of the detection rules, including those that belong to no incident. */
@Controller('api/v1/alerts')
export class AlertsController {
  constructor(private readonly alerts: DetectionAlerts) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Alerts of detection rules, newest first',
    answer: listOf(alertAnswer),
  })
  async list(
    @Query({ schema: alertsQuery }) { severity, incident, ...page }: z.output<typeof alertsQuery>,
  ): Promise<Page<AlertAnswer>> {
    const { items, next } = await this.alerts.list(page, { severity, incidentId: incident });
    return { items: items.map(describeAlert), next };
  }
}

/**
 * Selects the public fields of an alert. Join keys and evidence are internal to the correlation of
 * incidents.
 */
function describeAlert({ id, rule, severity, weight, at, events, ...alert }: ListedAlert): AlertAnswer {
  const { techniques, stage, title, explanation, finding, isFact, bySensor, context, lowered, incidentId } = alert;
  const texts = { title, explanation, finding, techniques, stage };
  const image = alert.image.map(({ text }) => text);
  return { id, rule, severity, weight, at, events, ...texts, isFact, bySensor, context, image, lowered, incidentId };
}
