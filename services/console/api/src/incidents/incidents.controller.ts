import { createHash } from 'node:crypto';

import { Controller, Get, Headers, Param, Query, Res, StreamableFile } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import {
  Deliveries,
  IncidentContexts,
  Incidents,
  type ListedIncident,
  Lists,
  incidentList,
  type StoredIncident,
} from '@tidewaiter/store';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';

import { countedListOf, countedPage, type CountedPage, exported, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import {
  type IncidentName,
  incidentParameter,
  incidentsQuery,
  incidentAnswer,
  incidentExportQuery,
  incidentDetailAnswer,
} from './incident-schemas.js';
import { incidentTimeline } from './incident-timeline.js';
import { processTree } from './process-tree.js';

type IncidentAnswer = z.output<typeof incidentAnswer>;

@Controller('api/v1/incidents')
export class IncidentsController {
  constructor(
    private readonly lists: Lists,
    private readonly incidents: Incidents,
    private readonly contexts: IncidentContexts,
    private readonly deliveries: Deliveries,
  ) {}

  @Get()
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Incidents', answer: countedListOf(incidentAnswer) })
  async list(
    @Query({ schema: incidentsQuery }) { state, severity, ...query }: z.output<typeof incidentsQuery>,
  ): Promise<CountedPage<IncidentAnswer>> {
    return countedPage(
      this.lists,
      incidentList,
      listRequest(query, { state, severity }),
      query.count,
      describeIncident,
    );
  }

  @Get('export')
  @Operation({ role: 'viewer', scope: 'rows', summary: 'Incidents as a file', mediaType: 'text/csv' })
  export(@Query({ schema: incidentExportQuery }) query: z.output<typeof incidentExportQuery>): StreamableFile {
    return exported(
      this.lists,
      { name: 'incidents', list: incidentList, item: incidentAnswer },
      query,
      describeIncident,
    );
  }

  /**
   * Returns an incident by its id or its display name, `INC-7`. Pollers send the last `ETag`, so
   * that image facts and blast radius are only queried after a change.
   */
  @Get(':id')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'An incident with its timeline, evidence, image facts and blast radius',
    answer: incidentDetailAnswer,
  })
  async get(
    @Param('id', { schema: incidentParameter }) name: IncidentName,
    @Headers('if-none-match') known: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof incidentDetailAnswer> | undefined> {
    const incident = 'id' in name ? await incidentOf(this.incidents, name.id) : await this.#numbered(name.number);
    const { id } = incident;
    const [revisions, deliveries] = await Promise.all([this.incidents.revisions(id), this.deliveries.about(id)]);
    const etag = etagOf([incident, revisions, deliveries]);
    void reply.header('etag', etag);
    if (known === etag) {
      void reply.status(304);
      return undefined;
    }
    const context = await this.contexts.of(incident);
    const timeline = incidentTimeline(incident, revisions, context, deliveries);
    const processes = processTree(incident.evidence);
    return { ...incident, processes, revisions, timeline, imageFacts: context.image, blastRadius: context.reach };
  }

  async #numbered(number: number): Promise<StoredIncident> {
    const incident = await this.incidents.numbered(number);
    if (!incident) throw new NotFound('INCIDENT_UNKNOWN', `no incident INC-${number}`);
    return incident;
  }
}

/** @throws NotFound `INCIDENT_UNKNOWN` */
export async function incidentOf(incidents: Incidents, id: string): Promise<StoredIncident> {
  const incident = await incidents.get(id);
  if (!incident) throw new NotFound('INCIDENT_UNKNOWN', `no incident ${id}`);
  return incident;
}

function etagOf(content: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(content)).digest('base64url')}"`;
}

/** Selects the fields of an incident for a list; its own page has the rest. */
export function describeIncident(incident: ListedIncident): IncidentAnswer {
  const { workloads: _, artifacts: __, factsUsed: ___, nextSteps: ____, ...listed } = incident;
  return listed;
}
