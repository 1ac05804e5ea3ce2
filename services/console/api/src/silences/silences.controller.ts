import { Body, Controller, Delete, Get, Param, Post, Put, Query, StreamableFile } from '@nestjs/common';
import { InvalidInput, NotFound } from '@tidewaiter/domain';
import { formatMatcher, matches, parseSilenceMatchers } from '@tidewaiter/routing';
import { failpoint } from '@tidewaiter/runtime';
import {
  AlertHistory,
  type ApiCaller,
  FiringAlerts,
  Lists,
  type SilenceContent,
  SilenceLedger,
  silenceList,
  Store,
  type StoredSilence,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { countedListOf, countedPage, type CountedPage, either, exportedRows, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { idParameter } from '../http/validation.js';
import {
  silenceAnswer,
  silenceBody,
  silenceEnding,
  silenceExportQuery,
  silencePreviewAnswer,
  silencePreviewBody,
  silencesQuery,
  silenceUndo,
  silenceUpdate,
  silenceVersionsAnswer,
} from './silence-schemas.js';

/** Limit on the alerts that a preview lists; it counts them all. */
const maxShown = 100;
const weekMs = 7 * 24 * 3_600_000;
/** Limit on the alerts of a week that a preview counts. */
const maxPast = 200_000;

/** Silences: list, create, preview, change, expire, and undo. */
@Controller('api/v1/silences')
export class SilencesController {
  constructor(
    private readonly store: Store,
    private readonly silences: SilenceLedger,
    private readonly alerts: FiringAlerts,
    private readonly lists: Lists,
    private readonly history: AlertHistory,
  ) {}

  @Get()
  @Operation({ role: 'viewer', summary: 'Silences, newest first', answer: countedListOf(silenceAnswer) })
  async list(
    @Query({ schema: silencesQuery }) { all, ...query }: z.output<typeof silencesQuery>,
  ): Promise<CountedPage<z.output<typeof silenceAnswer>>> {
    const request = listRequest(query, {}, ...(all ? [either('ended')] : []));
    return countedPage(this.lists, silenceList, request, query.count, (silence) => silence);
  }

  @Get('export')
  @Operation({ role: 'viewer', summary: 'Silences as a file', mediaType: 'text/csv' })
  export(@Query({ schema: silenceExportQuery }) query: z.output<typeof silenceExportQuery>): StreamableFile {
    return exportedRows(this.lists, { name: 'silences', list: silenceList, item: silenceAnswer }, query);
  }

  @Get(':id')
  @Operation({ role: 'viewer', summary: 'One silence, also one that has ended', answer: silenceAnswer })
  async get(@Param('id', { schema: idParameter }) id: string): Promise<StoredSilence> {
    const silence = await this.silences.get(id);
    if (!silence) throw new NotFound('SILENCE_UNKNOWN', `no silence ${id}`);
    return silence;
  }

  @Get(':id/versions')
  @Operation({ role: 'viewer', summary: 'Versions of a silence, newest first', answer: silenceVersionsAnswer })
  async versions(@Param('id', { schema: idParameter }) id: string): Promise<z.output<typeof silenceVersionsAnswer>> {
    const versions = await this.silences.versions(id);
    if (versions.length === 0) throw new NotFound('SILENCE_UNKNOWN', `no silence ${id}`);
    return { items: versions.map(({ silenceId: _, ...version }) => version), next: null };
  }

  @Post()
  @Operation({
    role: 'responder',
    action: 'silence.created',
    summary: 'Creates a silence for alerts that match all matchers',
    answer: silenceAnswer,
  })
  async add(
    @Body({ schema: silenceBody }) body: z.output<typeof silenceBody>,
    @Caller() caller: ApiCaller,
  ): Promise<StoredSilence> {
    const silence = { ...contentOf(body, new Date()), createdBy: caller.name };
    const added = await this.store.transaction((tx) => this.silences.add(tx, silence));
    failpoint('console.silence-added');
    return added;
  }

  @Put(':id')
  @Operation({
    role: 'responder',
    action: 'silence.changed',
    summary: 'Changes a silence that has not ended',
    answer: silenceAnswer,
  })
  async change(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: silenceUpdate }) { version, reason, ...body }: z.output<typeof silenceUpdate>,
    @Caller() { name: author }: ApiCaller,
  ): Promise<StoredSilence> {
    const { startsAt } = await this.get(id);
    const content = contentOf(body, startsAt);
    return this.store.transaction((tx) => this.silences.change(tx, id, version, content, { author, reason }));
  }

  /** Lists the firing alerts that a silence would suppress, and counts those of a week. */
  @Post('preview')
  @Operation({
    role: 'viewer',
    summary: 'Lists the firing alerts that a silence would suppress, and counts those of the last week',
    answer: silencePreviewAnswer,
  })
  async preview(
    @Body({ schema: silencePreviewBody }) body: z.output<typeof silencePreviewBody>,
  ): Promise<z.output<typeof silencePreviewAnswer>> {
    const matchers = parseSilenceMatchers(body.matchers);
    const { alerts } = await this.alerts.changedSince(null);
    const hidden = alerts.filter(({ labels }) => matchers.every((matcher) => matches(matcher, labels)));
    const past = await this.history.firedSince(new Date(Date.now() - weekMs), maxPast);
    return {
      firing: alerts.length,
      hidden: hidden.length,
      alerts: hidden.slice(0, maxShown).map(({ labels }) => ({ labels })),
      lastWeek: {
        fired: past.length,
        hidden: past.filter((labels) => matchers.every((matcher) => matches(matcher, labels))).length,
      },
    };
  }

  /** Ends a silence now; alerts that still fire are then sent. */
  @Delete(':id')
  @Operation({
    role: 'responder',
    action: 'silence.expired',
    summary: 'Ends a silence; alerts that still fire are sent',
    answer: silenceAnswer,
  })
  async expire(
    @Param('id', { schema: idParameter }) id: string,
    @Query({ schema: silenceEnding }) { reason }: z.output<typeof silenceEnding>,
    @Caller() { name: author }: ApiCaller,
  ): Promise<StoredSilence> {
    const ended = await this.store.transaction((tx) => this.silences.expire(tx, id, { author, reason }));
    failpoint('console.silence-expired');
    return ended ?? this.get(id);
  }

  @Post(':id/undo')
  @Operation({
    role: 'responder',
    action: 'silence.undone',
    summary: 'Brings back an earlier version of a silence, also after it was ended',
    answer: silenceAnswer,
  })
  async undo(
    @Param('id', { schema: idParameter }) id: string,
    @Body({ schema: silenceUndo }) { version, to = version - 1, reason }: z.output<typeof silenceUndo>,
    @Caller() { name: author }: ApiCaller,
  ): Promise<StoredSilence> {
    return this.store.transaction((tx) => this.silences.undo(tx, id, version, to, { author, reason }));
  }
}

/** @throws InvalidInput `SILENCE_OVER`, `MATCHER_INVALID` */
function contentOf(
  { matchers, startsAt, endsAt, comment }: z.output<typeof silenceBody>,
  defaultStart: Date,
): SilenceContent {
  const [starts, ends] = [startsAt === undefined ? defaultStart : new Date(startsAt), new Date(endsAt)];
  if (ends <= starts || ends <= new Date())
    throw new InvalidInput('SILENCE_OVER', 'endsAt is over, or before startsAt');
  return { matchers: parseSilenceMatchers(matchers).map(formatMatcher), startsAt: starts, endsAt: ends, comment };
}
