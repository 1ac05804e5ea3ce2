import { Body, Controller, Delete, Get, Param, Post, Query, StreamableFile } from '@nestjs/common';
import { InvalidInput, NotFound } from '@tidewaiter/domain';
import { formatMatcher, matches, parseSilenceMatchers } from '@tidewaiter/routing';
import { failpoint } from '@tidewaiter/runtime';
import {
  AlertHistory,
  type ApiCaller,
  FiringAlerts,
  Lists,
  SilenceLedger,
  silenceList,
  Store,
  type StoredSilence,
} from '@tidewaiter/store';
import type { z } from 'zod';

import { Caller } from '../auth/access-guard.js';
import { countedListOf, countedPage, type CountedPage, either, exported, listRequest } from '../http/lists.js';
import { Operation } from '../http/operation.js';
import { idParameter } from '../http/validation.js';
import {
  silenceAnswer,
  silenceExportQuery,
  silencePreviewAnswer,
  silenceBody,
  silencePreviewBody,
  silencesQuery,
} from './silence-schemas.js';

/** Limit on the alerts that a preview lists; it counts them all. */
const maxShown = 100;
const weekMs = 7 * 24 * 3_600_000;
/** Limit on the alerts of a week that a preview counts. */
const maxPast = 200_000;

/** Silences: list, create, preview and expire. */
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
    return exported(
      this.lists,
      { name: 'silences', list: silenceList, item: silenceAnswer },
      query,
      (silence) => silence,
    );
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
    const { matchers, startsAt, endsAt, comment } = body;
    const [starts, ends] = [startsAt === undefined ? new Date() : new Date(startsAt), new Date(endsAt)];
    if (ends <= starts || ends <= new Date())
      throw new InvalidInput('SILENCE_OVER', 'endsAt is over, or before startsAt');
    const silence = {
      matchers: parseSilenceMatchers(matchers).map(formatMatcher),
      startsAt: starts,
      endsAt: ends,
      createdBy: caller.name,
      comment,
    };
    const added = await this.store.transaction((tx) => this.silences.add(tx, silence));
    failpoint('console.silence-added');
    return added;
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
  async expire(@Param('id', { schema: idParameter }) id: string): Promise<StoredSilence> {
    const silence =
      (await this.store.transaction((tx) => this.silences.expire(tx, id))) ?? (await this.silences.get(id));
    failpoint('console.silence-expired');
    if (!silence) throw new NotFound('SILENCE_UNKNOWN', `no silence ${id}`);
    return silence;
  }
}
