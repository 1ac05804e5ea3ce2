import { Body, Controller, Delete, Get, Param, Post, Query } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';
import { failpoint } from '@tidewaiter/runtime';
import {
  type ApiCaller,
  Incidents,
  IncidentTriage,
  type ListedIncident,
  type Page,
  Store,
  type Transaction,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { Operation } from '../http/operation.js';
import { listOf } from '../http/paging.js';
import { idParameter } from '../http/validation.js';
import { IncidentAssignees } from './incident-assignees.js';
import { incidentAnswer } from './incident-schemas.js';
import { describeIncident, incidentOf } from './incidents.controller.js';
import { assignBody, assigneeAnswer, assigneesQuery, commentBody, resolveBody, snoozeBody } from './triage-schemas.js';

type IncidentAnswer = z.output<typeof incidentAnswer>;

const maxSnoozeMs = 366 * 24 * 3_600_000;

/** Work of users on incidents. An act that changes nothing answers with the incident as it is. */
@Controller('api/v1')
export class IncidentTriageController {
  constructor(
    private readonly store: Store,
    private readonly incidents: Incidents,
    private readonly triage: IncidentTriage,
    private readonly assignable: IncidentAssignees,
  ) {}

  @Get('assignees')
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Users to whom incidents can be assigned',
    answer: listOf(assigneeAnswer),
  })
  async assignees(
    @Query({ schema: assigneesQuery }) { incident }: z.output<typeof assigneesQuery>,
    @Caller() caller: ApiCaller,
  ): Promise<Page<z.output<typeof assigneeAnswer>>> {
    if (incident !== undefined) await incidentOf(this.incidents, incident);
    const users = await (incident === undefined ? this.assignable.of(caller) : this.assignable.ofIncident(incident));
    return { items: users.map(({ name, role }) => ({ name, role })), next: null };
  }

  @Post('incidents/:id/acknowledge')
  @Operation({
    role: 'responder',
    scope: 'rows',
    action: 'incident.acknowledged',
    summary: 'Acknowledges an incident',
    answer: incidentAnswer,
  })
  async acknowledge(
    @Param('id', { schema: idParameter }) id: string,
    @Caller() { name }: ApiCaller,
  ): Promise<IncidentAnswer> {
    return this.#act(id, async (tx) => this.triage.acknowledge(tx, id, name));
  }

  @Post('incidents/:id/assign')
  @Operation({
    role: 'responder',
    scope: 'rows',
    action: 'incident.assigned',
    summary: 'Assigns an incident to a user, or to none',
    answer: incidentAnswer,
  })
  async assign(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: assignBody }) { assignee }: z.output<typeof assignBody>,
    @Caller() { name }: ApiCaller,
  ): Promise<IncidentAnswer> {
    const isOther = assignee !== null && assignee !== name;
    // Before the users who may see it, which would give away a hidden one.
    if (isOther) await incidentOf(this.incidents, id);
    if (isOther && !(await this.assignable.ofIncident(id)).some((user) => user.name === assignee))
      throw new InvalidInput('ASSIGNEE_UNKNOWN', `no user ${assignee} who may work on this incident`);
    return this.#act(id, async (tx) => this.triage.assign(tx, id, assignee, name));
  }

  @Post('incidents/:id/snooze')
  @Operation({
    role: 'responder',
    scope: 'rows',
    action: 'incident.snoozed',
    summary: 'Hides an incident until a time or its next news',
    answer: incidentAnswer,
  })
  async snooze(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: snoozeBody }) body: z.output<typeof snoozeBody>,
    @Caller() { name }: ApiCaller,
  ): Promise<IncidentAnswer> {
    const until = new Date(body.until);
    const snoozeMs = until.getTime() - Date.now();
    if (snoozeMs <= 0 || snoozeMs > maxSnoozeMs)
      throw new InvalidInput('SNOOZE_TIME_INVALID', `${body.until} is not within the next year`);
    return this.#act(id, async (tx) => this.triage.snooze(tx, id, until, name));
  }

  @Delete('incidents/:id/snooze')
  @Operation({
    role: 'responder',
    scope: 'rows',
    action: 'incident.unsnoozed',
    summary: 'Ends a snooze',
    answer: incidentAnswer,
  })
  async unsnooze(
    @Param('id', { schema: idParameter }) id: string,
    @Caller() { name }: ApiCaller,
  ): Promise<IncidentAnswer> {
    return this.#act(id, async (tx) => this.triage.unsnooze(tx, id, name));
  }

  @Post('incidents/:id/comments')
  @Operation({
    role: 'responder',
    scope: 'rows',
    action: 'incident.commented',
    summary: 'Adds a comment to an incident',
    answer: incidentAnswer,
  })
  async comment(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: commentBody }) { comment }: z.output<typeof commentBody>,
    @Caller() { name }: ApiCaller,
  ): Promise<IncidentAnswer> {
    return this.#act(id, async (tx) => this.triage.comment(tx, id, comment, name));
  }

  @Post('incidents/:id/resolve')
  @Operation({
    role: 'responder',
    scope: 'rows',
    action: 'incident.resolved',
    summary: 'Resolves an incident',
    answer: incidentAnswer,
  })
  async resolve(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: resolveBody }) { reason, comment }: z.output<typeof resolveBody>,
    @Caller() { name }: ApiCaller,
  ): Promise<IncidentAnswer> {
    return this.#act(id, async (tx) => this.triage.resolve(tx, id, name, { reason, comment }));
  }

  @Post('incidents/:id/reopen')
  @Operation({
    role: 'responder',
    scope: 'rows',
    action: 'incident.reopened',
    summary: 'Opens a resolved incident again',
    answer: incidentAnswer,
  })
  async reopen(
    @Param('id', { schema: idParameter }) id: string,
    @Caller() { name }: ApiCaller,
  ): Promise<IncidentAnswer> {
    return this.#act(id, async (tx) => this.triage.reopen(tx, id, name));
  }

  /** Acts on an incident that the caller may see. An attempt on an unknown one is audited, too. */
  async #act(id: string, act: (tx: Transaction) => Promise<ListedIncident | null>): Promise<IncidentAnswer> {
    if (this.store.isLimited) await incidentOf(this.incidents, id);
    const changed = await this.store.unlimited(async () => this.store.transaction(act));
    failpoint('console.incident-changed');
    if (changed) return describeIncident(changed);
    const { evidence: _, ...incident } = await incidentOf(this.incidents, id);
    return describeIncident(incident);
  }
}
