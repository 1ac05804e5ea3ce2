import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { NotFound } from '@tidewaiter/domain';
import { draft, incidentResolved } from '@tidewaiter/events';
import { type ApiToken, type Incident, Incidents, type Page, Store } from '@tidewaiter/store';
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
    const incident = await this.#find(readId(id));
    return { ...describeIncident(incident), evidence: incident.evidence };
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
    return describeIncident(resolved ?? (await this.#find(id)));
  }

  /** @throws NotFound `INCIDENT_UNKNOWN` */
  async #find(id: string): Promise<Incident> {
    const incident = await this.incidents.get(id);
    if (!incident) throw new NotFound('INCIDENT_UNKNOWN', `no incident ${id}`);
    return incident;
  }
}

/** Falco's rules name ATT&CK techniques among their tags, beside tactics and plain words. */
const techniquePattern = /^T[0-9]{4}(?:\.[0-9]{3})?$/;

function describeIncident({ evidence, revision: _, ...incident }: Incident): IncidentAnswer {
  const techniques = [...new Set(evidence.flatMap(({ tags }) => tags))]
    .filter((tag) => techniquePattern.test(tag))
    .toSorted();
  const step = { title: incident.rule, technique: techniques[0] ?? null, events: evidence.map(({ id }) => id) };
  return { ...incident, workload: null, techniques, steps: [step], findings: [] };
}
