import { Controller, Get, Query, StreamableFile } from '@nestjs/common';
import { alertList, Lists, type RowOf } from '@tidewaiter/store';
import type { z } from 'zod';

import { countedListOf, countedPage, type CountedPage, exported, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { alertAnswer, alertExportQuery, alertsQuery } from './alert-schemas.js';

type AlertAnswer = z.output<typeof alertAnswer>;

/** Alerts of the detection rules, including those that belong to no incident. */
@Controller('api/v1/alerts')
export class AlertsController {
  constructor(private readonly lists: Lists) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Alerts of detection rules, newest first',
    answer: countedListOf(alertAnswer),
  })
  async list(
    @Query({ schema: alertsQuery }) { severity, incident, ...query }: z.output<typeof alertsQuery>,
  ): Promise<CountedPage<AlertAnswer>> {
    return countedPage(this.lists, alertList, listRequest(query, { severity, incident }), query.count, describeAlert);
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Alerts of detection rules as a file', mediaType: 'text/csv' })
  export(@Query({ schema: alertExportQuery }) query: z.output<typeof alertExportQuery>): StreamableFile {
    return exported(this.lists, { name: 'alerts', list: alertList, item: alertAnswer }, query, describeAlert);
  }
}

/**
 * Selects the public fields of an alert. Join keys and evidence are internal to the correlation of
 * incidents.
 */
function describeAlert({ alert, incidentId, incidentNumber }: RowOf<typeof alertList.columns>): AlertAnswer {
  const { id, rule, severity, weight, at, events, isFact, bySensor, context, lowered } = alert;
  const { techniques, stage, title, explanation, finding } = alert;
  const texts = { title, explanation, finding, techniques, stage };
  const image = alert.image.map(({ text }) => text);
  const incident = { incidentId, incidentNumber: incidentNumber === null ? null : Number(incidentNumber) };
  return { id, rule, severity, weight, at, events, ...texts, isFact, bySensor, context, image, lowered, ...incident };
}
