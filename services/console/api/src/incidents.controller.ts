import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { techniqueOf } from '@tidewaiter/detection';
import { NotFound } from '@tidewaiter/domain';
import { draft, incidentResolved } from '@tidewaiter/events';
import { type ApiToken, type Incident, Incidents, type ListedIncident, type Page, Store } from '@tidewaiter/store';
import type { z } from 'zod';

import type { incidentAnswer, incidentDetailAnswer } from './answers.js';
import { incidentsQuery, readId, readInput } from './requests.js';
import { Caller } from './token-guard.js';

type IncidentAnswer = z.output<typeof incidentAnswer>;

@Controller('api/v1/incidents')
export class IncidentsController {
  constructor(
    private readonly store: Store,
    private readonly incidents: Incidents,
  ) {}

  @Get()
  async list(@Query() query: unknown): Promise<Page<IncidentAnswer>> {
    const { state, ...page } = readInput(incidentsQuery, query);
    const { items, next } = await this.incidents.list(page, state);
    return { items: items.map(describeIncident), next };
  }

  @Get(':id')
  async get(@Param('id') id: string): Promise<z.output<typeof incidentDetailAnswer>> {
    const { evidence, ...incident } = await this.#find(readId(id));
    return { ...describeIncident(incident), evidence };
  }

  /** Resolving what is resolved already changes nothing and tells nobody. */
  @Post(':id/resolve')
  @HttpCode(200)
  async resolve(@Param('id') id: string, @Caller() caller: ApiToken): Promise<IncidentAnswer> {
    readId(id);
    const resolved = await this.store.transaction(async (tx) => {
      const incident = await this.incidents.resolve(tx, id, caller.name);
      if (!incident) return null;
      const { revision, severity } = incident;
      await tx.emit(draft(incidentResolved, id, { incidentId: id, revision, severity }));
      return incident;
    });
    if (resolved) return describeIncident(resolved);
    const { evidence: _, ...incident } = await this.#find(id);
    return describeIncident(incident);
  }

  /** @throws NotFound `INCIDENT_UNKNOWN` */
  async #find(id: string): Promise<Incident> {
    const incident = await this.incidents.get(id);
    if (!incident) throw new NotFound('INCIDENT_UNKNOWN', `no incident ${id}`);
    return incident;
  }
}

function describeIncident({ tags, eventIds, revision: _, ...incident }: ListedIncident): IncidentAnswer {
  const techniques = [...new Set(tags.flatMap((tag) => techniqueOf(tag) ?? []))].toSorted();
  const step = { title: incident.rule, technique: techniques[0] ?? null, events: eventIds };
  return { ...incident, workload: null, techniques, steps: [step], findings: [] };
}
