import { Controller, Get, Headers, Res } from '@nestjs/common';
import { Unavailable } from '@tidewaiter/domain';
import { type ApiCaller, Store, VisibleSubjects } from '@tidewaiter/store';
import type { FastifyReply } from 'fastify';

import { Caller } from '../auth/access-guard.js';
import { CallerLimits } from '../auth/scope-interceptor.js';
import { Operation } from '../http/operation.js';
import { EventFeed, listChanged } from './event-feed.js';
import { type EventFilter, writeEvents } from './event-stream.js';

/** Clients of one process. */
const maxClients = 1_000;

@Controller('api/v1/stream')
export class StreamController {
  #clients = 0;

  constructor(
    private readonly feed: EventFeed,
    private readonly limits: CallerLimits,
    private readonly store: Store,
    private readonly subjects: VisibleSubjects,
  ) {}

  @Get()
  @Operation({
    role: 'viewer',
    scope: 'rows',
    summary: 'Changes as server-sent events',
    mediaType: 'text/event-stream',
  })
  open(
    @Headers('last-event-id') lastId: string | undefined,
    @Res() reply: FastifyReply,
    @Caller() caller: ApiCaller,
  ): void {
    if (this.#clients >= maxClients)
      throw new Unavailable('TOO_MANY_STREAMS', `${maxClients} clients follow the events of this process already`);
    reply.hijack();
    // A client that left while its token was checked closes its answer no second time.
    if (reply.raw.closed) return;
    this.#clients += 1;
    reply.raw.once('close', () => (this.#clients -= 1));
    const headers = { ...reply.getHeaders(), 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) reply.raw.setHeader(name, value);
    // Node sends the headers of such an answer with its end only.
    if (reply.request.method === 'HEAD') reply.raw.end();
    else writeEvents(reply.raw, this.feed, lastId, this.#filterOf(caller));
  }

  /** Events come outside of any request, so the limits are applied to each look-up. */
  #filterOf(caller: ApiCaller): EventFilter | null {
    const limits = this.limits.of(caller);
    if (!limits) return null;
    return async (all) => {
      // A changed list may have changed in rows that the caller does not see.
      const events = all.filter(({ type }) => type !== listChanged);
      const visible = await this.store.within(limits, async () =>
        this.subjects.among(events.map(({ limitedBy }) => limitedBy)),
      );
      return events.filter(({ limitedBy }) => visible.has(limitedBy));
    };
  }
}
