import { Body, Controller, Delete, Get, Post, Put, Query } from '@nestjs/common';
import { InvalidInput, Unavailable } from '@tidewaiter/domain';
import { checkManagedRouting, parseManagedRouting, parseUnreadRouting } from '@tidewaiter/receivers';
import { matchRoutes } from '@tidewaiter/routing';
import {
  type ApiCaller,
  type EntryVersion,
  ManagedEntries,
  RoutingReplays,
  ServiceConfigurations,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { EntryChanges } from '../entries/entry-changes.js';
import { entryDeletion, entryUndo } from '../entries/entry-schemas.js';
import { Operation } from '../http/operation.js';
import { replayAnswer, replayBody } from './replay-schemas.js';
import {
  routingAnswer,
  routingCheck,
  routingCheckAnswer,
  routingTest,
  routingTestAnswer,
  routingUpdate,
  routingVersionsAnswer,
} from './routing-schemas.js';
import { routingFor, routingText } from './shown-routing.js';

const name = 'routing';

/** The managed routing, and replays of a routing before it is used. */
@Controller('api/v1/routes')
export class RoutesController {
  #isBusy = false;

  constructor(
    private readonly replays: RoutingReplays,
    private readonly entries: ManagedEntries,
    private readonly changes: EntryChanges,
    private readonly configurations: ServiceConfigurations,
  ) {}

  @Get()
  @Operation({ role: 'viewer', summary: 'The managed routing', answer: routingAnswer })
  async get(@Caller() caller: ApiCaller): Promise<z.output<typeof routingAnswer>> {
    return this.#described(await this.entries.get('routing', name), caller);
  }

  @Get('versions')
  @Operation({
    role: 'viewer',
    summary: 'Versions of the managed routing, newest first',
    answer: routingVersionsAnswer,
  })
  async versions(@Caller() caller: ApiCaller): Promise<z.output<typeof routingVersionsAnswer>> {
    const versions = await this.entries.versions('routing', name);
    const items = versions.map(({ version, at, author, comment, isDeleted, document }) => {
      return { version, at, author, comment, isDeleted, text: routingFor(caller, document).text };
    });
    return { items, next: null };
  }

  @Put()
  @Operation({
    role: 'maintainer',
    action: 'entry.changed',
    hasSecretBody: true,
    summary: 'Replaces the managed routing as a whole',
    answer: routingAnswer,
  })
  async update(
    @Body({ schema: routingUpdate }) { text, version, comment }: z.output<typeof routingUpdate>,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof routingAnswer>> {
    const [document, author] = [{ text }, caller.name];
    const changed =
      version === undefined
        ? await this.changes.create('routing', document, { author, comment })
        : await this.changes.update('routing', name, { document, version, author, comment });
    return this.#described(changed, caller);
  }

  @Delete()
  @Operation({
    role: 'maintainer',
    action: 'entry.deleted',
    summary: 'Deletes the managed routing, which an undo brings back',
    answer: routingAnswer,
  })
  async delete(
    @Query({ schema: entryDeletion }) asked: z.output<typeof entryDeletion>,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof routingAnswer>> {
    return this.#described(await this.changes.delete('routing', name, { ...asked, author: caller.name }), caller);
  }

  @Post('undo')
  @Operation({
    role: 'maintainer',
    action: 'entry.undone',
    summary: 'Brings back an earlier version of the managed routing',
    answer: routingAnswer,
  })
  async undo(
    @Body({ schema: entryUndo }) body: z.output<typeof entryUndo>,
    @Caller() caller: ApiCaller,
  ): Promise<z.output<typeof routingAnswer>> {
    return this.#described(await this.changes.undo('routing', name, { ...body, author: caller.name }), caller);
  }

  @Post('validate')
  @Operation({ role: 'viewer', summary: 'Checks a routing, and changes nothing', answer: routingCheckAnswer })
  validate(
    @Body({ schema: routingCheck }) { text }: z.output<typeof routingCheck>,
  ): z.output<typeof routingCheckAnswer> {
    try {
      return { isValid: true, problems: [], ignored: [...checkManagedRouting(text).warnings] };
    } catch (error) {
      if (!(error instanceof InvalidInput)) throw error;
      return { isValid: false, problems: error.message.split('\n'), ignored: [] };
    }
  }

  @Post('test')
  @Operation({
    role: 'viewer',
    summary: 'Routes and receivers of an alert with these labels; nothing is sent',
    answer: routingTestAnswer,
  })
  test(
    @Body({ schema: routingTest }) { text, labels }: z.output<typeof routingTest>,
  ): z.output<typeof routingTestAnswer> {
    const matches = matchRoutes(parseUnreadRouting(text), labels);
    return { items: matches.map(({ receiver, path }) => ({ receiver, route: path })), next: null };
  }

  /** Runs one replay at a time, because each reads weeks of events. */
  @Post('replay')
  @Operation({
    role: 'viewer',
    summary: 'Replays past events against a routing.yaml; nothing is sent',
    answer: replayAnswer,
  })
  async replay(
    @Body({ schema: replayBody }) body: z.output<typeof replayBody>,
  ): Promise<z.output<typeof replayAnswer>> {
    const { routing, since, until, receiver = null } = body;
    const config = parseUnreadRouting(routing);
    if (this.#isBusy) throw new Unavailable('REPLAY_BUSY', 'another replay is under way', { retryAfterMs: 5_000 });
    this.#isBusy = true;
    try {
      return await this.replays.of(config, { since, until, receiver });
    } finally {
      this.#isBusy = false;
    }
  }

  async #described(entry: EntryVersion | null, caller: ApiCaller): Promise<z.output<typeof routingAnswer>> {
    const [running, files] = await Promise.all([this.configurations.running(), this.#files()]);
    const isOverridden = running.some(({ overridden }) => overridden.includes(name));
    const { version = null, author = null, at: changedAt = null, comment = null } = entry ?? {};
    const change = { version, author, changedAt, comment, files };
    if (!entry || entry.isDeleted)
      return { text: null, isRedacted: false, receivers: [], ...change, state: isOverridden ? 'overridden' : 'none' };
    const receivers = receiversOf(routingText(entry.document));
    return {
      ...{ ...routingFor(caller, entry.document), receivers, ...change },
      state: isOverridden ? 'overridden' : 'active',
    };
  }

  /** Routing files in effect; one for all notifiers that read the same. */
  async #files(): Promise<z.output<typeof routingAnswer>['files']> {
    const read = Map.groupBy(await this.configurations.routings(), ({ routing }) => routing);
    return [...read].map(([text, notifiers]) => ({
      text,
      readAt: notifiers[0]!.loadedAt,
      instances: notifiers.map(({ instance }) => instance),
    }));
  }
}

/** Receivers with a channel; none of a text that an earlier version accepted, and this one not. */
function receiversOf(text: string): string[] {
  try {
    const { receivers } = parseManagedRouting(text);
    return [...receivers]
      .filter(([, { integrations, uploads }]) => integrations.length + uploads.length > 0)
      .map(([receiver]) => receiver);
  } catch (error) {
    if (error instanceof InvalidInput) return [];
    throw error;
  }
}
