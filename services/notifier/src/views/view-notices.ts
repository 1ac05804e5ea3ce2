import { hash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { viewAlert, viewMessage, type ViewNews } from '@tidewaiter/messages';
import { Every } from '@tidewaiter/runtime';
import {
  Deliveries,
  type DueView,
  jobsOf,
  type NamedRow,
  Store,
  type Transaction,
  ViewWatches,
} from '@tidewaiter/store';
import { v7 as uuidv7 } from 'uuid';

import { Channels } from '../delivery/channels.js';
import { limitsText } from '../reports/limits-text.js';
import { type ViewReading, ViewRows } from './view-rows.js';

const lookMs = 10_000;
/** Pauses of a view: after a look, after a message, and after a look that failed. */
const pausesMs = { look: 60_000, message: 300_000, problem: 300_000 };
/** A view whose rows take long to read is looked at for at most this share of the time. */
const maxShare = 0.05;

/**
 * Notifies the receivers of saved views of new rows. Every replica looks: the row of a watch is
 * locked while one works, and the rows that it has seen commit with the message about them.
 */
@Injectable()
export class ViewNotices {
  constructor(
    private readonly store: Store,
    private readonly watches: ViewWatches,
    private readonly rows: ViewRows,
    private readonly channels: Channels,
    private readonly deliveries: Deliveries,
  ) {}

  /** One view after another: together they take one connection at most. */
  @Every(lookMs)
  async lookAtDue(signal?: AbortSignal): Promise<void> {
    await this.watches.follow();
    while (await this.#lookAtNext(new Date(), signal));
  }

  /** Returns whether there was one: a stop waits for no further one. */
  async #lookAtNext(now: Date, signal: AbortSignal | undefined): Promise<boolean> {
    if (signal?.aborted === true) return false;
    return this.store.transaction(async (tx) => {
      const view = await this.watches.claim(tx);
      if (!view) return false;
      const began = performance.now();
      const { rows, problem } = await this.#read(view);
      const fresh = rows && (await this.watches.keep(tx, view.id, rows));
      const isNews = fresh !== null && fresh.length > 0 && !view.isFirst;
      if (isNews) await this.#announce(tx, view, fresh, now);
      const pause = problem === null ? (isNews ? 'message' : 'look') : 'problem';
      const pauseMs = Math.max(pausesMs[pause], (performance.now() - began) / maxShare);
      await this.watches.looked(tx, view.id, { problem, pauseMs });
      return true;
    });
  }

  /** Without a channel nothing is read: the rows are new when the routing has one. */
  async #read(view: DueView): Promise<ViewReading> {
    if (this.#channelsOf(view).length > 0) return this.rows.of(view);
    return { rows: null, problem: `the routing has no channel of the receiver ${view.receiver}` };
  }

  async #announce(tx: Transaction, view: DueView, rows: readonly NamedRow[], now: Date): Promise<void> {
    const { id, name, list, q: query, owner, receiver } = view;
    const news: ViewNews = { id, name, list, query, owner, limits: limitsText(view.scopes), rows };
    const message = this.channels.reword(viewMessage(news, this.channels.consoleUrl, now));
    // The same after a restore, which finds the same rows again.
    const found = hash('sha256', rows.map(({ key }) => key).join('\n'), 'hex');
    const ids = await this.deliveries.add(
      tx,
      this.#channelsOf(view).map(({ kind, index }) => ({
        ...{ eventId: uuidv7(), cause: ['view', id, found] as const, receiver, route: 'view', groupKey: `view/${id}` },
        ...{ groupLabels: { kind: 'view', view: name }, edition: null, message },
        ...{ channel: kind, integration: index, alerts: [viewAlert(news, now)] },
      })),
    );
    await tx.enqueue(...jobsOf('delivery', ids, 'interactive'));
  }

  #channelsOf({ receiver }: DueView) {
    return this.channels.routing?.receivers.get(receiver)?.integrations ?? [];
  }
}
