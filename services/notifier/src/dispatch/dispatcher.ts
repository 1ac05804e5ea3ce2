import { randomUUID } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import type { Message } from '@tidewaiter/messages';
import {
  advisoryTimes,
  type AlertSubject,
  channelsFor,
  type Group,
  groupByReceiver,
  groupByRoute,
  type GroupTimes,
  type Integration,
  isStorm,
  type MuteSnapshot,
  type RoutingConfig,
  stormMs,
  summaryWaitMs,
  waitOf,
} from '@tidewaiter/routing';
import {
  AlertGroups,
  AlertHistory,
  Deliveries,
  type Delivery,
  FiringAlerts,
  type NewDelivery,
  NotificationLog,
  type Transaction,
  jobsOf,
} from '@tidewaiter/store';

import { Channels } from '../delivery/channels.js';
import { channelName, type CorrectedAlerts } from './message-corrections.js';
import { MuteState } from './mute-state.js';
import { groupName, stormName, summaryMark } from './timing.js';

/** Renders the subjects of one kind of event. */
export interface Wording<About> {
  /**
   * Whether a group reports a new problem; resolutions go only to channels with `send_resolved`.
   */
  isNews(subjects: readonly AlertSubject<About>[]): boolean;
  /**
   * Whether channels for humans get one message for everything within seconds, regardless of
   * `group_by`.
   */
  isGathered?: true;
  /** The push that the messages report. Channels that can edit them get its corrections. */
  pushId?: string;
  /** Alerts that need no message in a channel, as a message there was corrected. */
  corrected?: CorrectedAlerts;
  message(subjects: readonly AlertSubject<About>[]): Message;
}

/** One state of a subject with a life cycle, such as an incident. */
export interface State<About> extends AlertSubject<About> {
  edition: { subject: string; revision: number };
  /** Kind of the revision: a restored database may give its number to another change. */
  change: string;
  message: Message;
  /** Whether all routed channels get it; otherwise only channels that show the current state. */
  isForAll: boolean;
}

/** How long messages are held, and under which name. */
interface Hold {
  /** 0: they go out at once. */
  waitMs: number;
  /** Whether it is held because all of its alerts are suppressed. */
  isQuiet?: boolean;
  heldFor: string;
}

/** How a channel treats the message. */
interface ChannelState {
  /** The channel shows the current state; an update there does not disturb anyone. */
  isShown?: boolean;
  /** Whether only channels that follow the subject get it. */
  isNoNews?: boolean;
  /** Default group times where the route sets none. */
  usual?: GroupTimes;
}

/** Event that is handled, and the fact that it reports. */
export type Occasion = Pick<NewDelivery<Message>, 'eventId' | 'cause'>;

/** Group, and the channels of its receiver that accept its messages, with their options. */
interface Addressed<About> {
  group: Group<About>;
  takes(channel: Integration): boolean;
  how: ChannelState;
}

/** Reminder of a group. */
export interface Reminder {
  group: Group<unknown>;
  /** The delivery that it follows. */
  after: string;
  message: Message;
  /** For an incident: the newest state that was sent to any channel. */
  edition: Delivery<Message>['edition'];
  /** Returns the reference in a channel of the message that is repeated. */
  replyTo: (channel: Integration) => string | null;
}

/** Decides who gets which message and when, and adds the deliveries. */
@Injectable()
export class Dispatcher {
  constructor(
    private readonly channels: Channels,
    private readonly deliveries: Deliveries,
    private readonly groups: AlertGroups,
    private readonly alerts: FiringAlerts,
    private readonly quiet: MuteState,
    private readonly log: NotificationLog,
    private readonly history: AlertHistory,
  ) {}

  /**
   * Adds the deliveries of an event in the transaction that handles it; the same event adds each
   * only once.
   */
  async add<About>(
    tx: Transaction,
    { eventId, cause }: Occasion,
    subjects: readonly AlertSubject<About>[],
    wording: Wording<About>,
  ): Promise<void> {
    const { routing } = this.channels;
    const alerts = subjects.map(({ alert }) => alert);
    await this.history.add(tx, { eventId, alerts, state: null });
    if (!routing) return;
    const quiet = await this.quiet.now();
    await this.alerts.record(tx, alerts);
    for (const { group, takes, how } of addressed(routing, subjects, wording)) {
      // Suppressed alerts get their own message, in case they still fire when the silence ends.
      const isQuiet = ({ alert }: AlertSubject<About>) => quiet.reasonFor(alert.labels) !== null;
      const loud = group.subjects.filter((each) => !isQuiet(each));
      const parts = [
        { some: loud, cause },
        { some: group.subjects.filter(isQuiet), cause: loud.length === 0 ? cause : ([...cause, 'quiet'] as const) },
      ];
      for (const { some, cause: own } of parts) {
        if (some.length === 0) continue;
        const part = { ...group, subjects: some };
        const deliveries = this.#worded(routing, { eventId, cause: own }, part, { ...wording, takes });
        await this.#dispatch(tx, part, deliveries, quiet, how);
      }
    }
  }

  #worded<About>(
    routing: RoutingConfig,
    occasion: Occasion,
    group: Group<About>,
    wording: Wording<About> & Pick<Addressed<About>, 'takes'>,
  ): NewDelivery<Message>[] {
    const isNews = wording.isNews(group.subjects);
    // Old findings are not announced again, even where another group of the event has news.
    if (!isNews && group.subjects.every(({ alert }) => alert.status === 'firing')) return [];
    const isCorrected = (channel: Integration) => {
      const over = wording.corrected?.get(channelName(group.receiver, channel));
      return over !== undefined && group.subjects.every(({ alert }) => over.has(alert.identity));
    };
    const channels = channelsFor(routing, group.receiver, isNews).filter(
      (channel) => wording.takes(channel) && !isCorrected(channel),
    );
    if (channels.length === 0) return [];
    const message = this.channels.reword(wording.message(group.subjects));
    const { pushId = null } = wording;
    return channels.map((channel) => {
      const edition = pushId !== null && channel.follows ? 'own' : null;
      return { ...deliveryOf(occasion, group, channel, message, edition), pushId };
    });
  }

  /**
   * Adds the deliveries of a new state of a subject that channels may already show. Each channel
   * gets the state once, whatever number of routes lead there.
   */
  async addState<About>(tx: Transaction, eventId: string, state: State<About>): Promise<void> {
    const { routing } = this.channels;
    const { subject, revision } = state.edition;
    const occasion: Occasion = { eventId, cause: ['state', subject, revision, state.change] };
    const { isForAll, message: worded } = state;
    const { isAcknowledged = false, snoozedUntil } = worded;
    const past = { subject, isForAll, isAcknowledged, ...(snoozedUntil !== undefined && { snoozedUntil }) };
    await this.history.add(tx, { eventId, alerts: [state.alert], state: past });
    if (!routing) return;
    const message = this.channels.reword(worded);
    const quiet = await this.quiet.now();
    await this.alerts.record(tx, [state.alert]);
    const groups = groupByRoute(routing, [state]);
    const isNews = state.alert.status === 'firing';
    const routed = groups.flatMap((group) =>
      (routing.receivers.get(group.receiver)?.integrations ?? [])
        .filter((channel) => channel.follows || (state.isForAll && (isNews || channel.config.sendResolved)))
        .map((channel) => ({ group, channel })),
    );
    const following = await this.#following(tx, routing, state);
    const once = new Map(
      [...following, ...routed].map((each) => [channelName(each.group.receiver, each.channel), each]),
    );
    const alike = Map.groupBy(once.values(), ({ group: { receiver, route, groupKey }, channel }) =>
      JSON.stringify([receiver, route, groupKey, channel.follows]),
    );
    for (const some of alike.values()) {
      const { group, channel } = some[0]!;
      await this.#dispatch(
        tx,
        ofSubject(group, state.edition.subject),
        some.map((each) => deliveryOf(occasion, group, each.channel, message, state.edition)),
        quiet,
        { isShown: channel.follows, isNoNews: !state.isForAll },
      );
    }
  }

  /**
   * Channels that show an earlier state and must be updated even if the routes no longer lead
   * there.
   */
  async #following<About>(
    tx: Transaction,
    { receivers }: RoutingConfig,
    state: State<About>,
  ): Promise<{ group: Group<About>; channel: Integration }[]> {
    const shown = await this.deliveries.channelsOf(tx, state.edition.subject);
    return shown.flatMap(({ receiver, route, groupKey, groupLabels, ...before }) => {
      const channel = receivers
        .get(receiver)
        ?.integrations.find(({ kind, index }) => kind === before.channel && index === before.integration);
      const group = { receiver, route, match: null, groupKey, groupLabels, subjects: [state] };
      return channel && channel.follows ? [{ group, channel }] : [];
    });
  }

  /** Adds a reminder of a group, in the transaction that holds the group's row. */
  async remind(tx: Transaction, { group, after, message, edition, replyTo }: Reminder): Promise<void> {
    const occasion: Occasion = { eventId: randomUUID(), cause: ['reminder', after] };
    const reworded = this.channels.reword(message);
    const channels = this.channels.routing?.receivers.get(group.receiver)?.integrations ?? [];
    const deliveries = channels.map((channel) => ({
      ...deliveryOf(occasion, group, channel, reworded, edition),
      replyTo: replyTo(channel),
    }));
    const named = edition === null ? group : ofSubject(group, edition.subject);
    const summary = this.channels.routing?.receivers.get(group.receiver)?.summary ?? null;
    const wait =
      summary === null
        ? { waitMs: 0, heldFor: groupName(named.receiver, named.groupKey) }
        : await this.#holdForSummary(tx, group.receiver, summaryWaitMs(summary, Date.now()));
    await this.#hand(tx, named, deliveries, wait);
  }

  async #dispatch<About>(
    tx: Transaction,
    group: Group<About>,
    deliveries: readonly NewDelivery<Message>[],
    quiet: MuteSnapshot,
    how: ChannelState = {},
  ): Promise<void> {
    if (deliveries.length === 0) return;
    await this.#hand(tx, group, deliveries, await this.#wait(tx, group, quiet, how), how);
  }

  /** Decides how long a group is held, and under which name. */
  async #wait<About>(
    tx: Transaction,
    { receiver, match, groupKey, subjects }: Group<About>,
    quiet: MuteSnapshot,
    { isShown = false, usual }: ChannelState,
  ): Promise<Hold> {
    const heldFor = groupName(receiver, groupKey);
    const quietMs = await this.groups.enter(tx, heldFor);
    const summary = this.channels.routing?.receivers.get(receiver)?.summary ?? null;
    const reasons = subjects.map(({ alert }) => quiet.reasonFor(alert.labels));
    const wait = waitOf({ match, summary, reasons, quietMs, isShown, ...(usual && { usual }) }, Date.now());
    if (wait?.why === 'summary') return this.#holdForSummary(tx, receiver, wait.forMs);
    return { waitMs: wait?.forMs ?? 0, heldFor, isQuiet: wait?.why === 'quiet' };
  }

  /** Holds the message for the next summary of the receiver. */
  async #holdForSummary(tx: Transaction, receiver: string, waitMs: number): Promise<Hold> {
    const heldFor = `${receiver}${summaryMark}`;
    await this.groups.enter(tx, heldFor);
    return { waitMs, heldFor };
  }

  /** Adds deliveries: at once, or held under the name they wait for. */
  async #hand<About>(
    tx: Transaction,
    group: Group<About>,
    deliveries: readonly NewDelivery<Message>[],
    wait: Hold,
    { isShown = false, isNoNews = false }: ChannelState = {},
  ): Promise<void> {
    const ids: string[] = [];
    const together: NewDelivery<Message>[] = [];
    for (const delivery of deliveries) {
      const storm = wait.waitMs === 0 && !isShown ? await this.#storm(tx, delivery) : null;
      if (storm) ids.push(...(await this.#add(tx, [delivery], storm)));
      else together.push(delivery);
    }
    ids.push(...(await this.#add(tx, together, wait)));
    if (ids[0] !== undefined && !isNoNews) await this.#again(tx, group, ids[0], wait.waitMs);
  }

  /** Schedules a reminder of the group, where the route has a `repeat_interval`. */
  async #again<About>(tx: Transaction, group: Group<About>, deliveryId: string, waitMs: number): Promise<void> {
    const { receiver, groupKey, match, subjects } = group;
    const alerts = subjects.map(({ alert }) => alert).filter(({ status }) => status === 'firing');
    if (!match?.given.has('repeat_interval') || alerts.length === 0) return;
    const againInMs = waitMs + match.repeatIntervalMs;
    await this.log.add(tx, groupName(receiver, groupKey), { alerts, deliveryId, againInMs });
  }

  /** Holds the next messages of a flooded channel, to merge them into one. */
  async #storm(tx: Transaction, delivery: NewDelivery<Message>): Promise<Hold | null> {
    const channel = this.channels.integration(delivery.receiver, delivery.channel, delivery.integration);
    if (!isStorm(channel, await this.deliveries.givenLately(tx, delivery))) return null;
    const heldFor = stormName(delivery);
    await this.groups.enter(tx, heldFor);
    return { waitMs: stormMs, heldFor };
  }

  async #add(
    tx: Transaction,
    deliveries: readonly NewDelivery<Message>[],
    { waitMs, heldFor, isQuiet = false }: Hold,
  ): Promise<string[]> {
    if (deliveries.length === 0) return [];
    const ids = await this.deliveries.add(tx, deliveries, waitMs > 0 ? heldFor : null);
    if (ids.length === 0) return [];
    if (waitMs > 0) await this.groups.wait(tx, heldFor, { forMs: waitMs, isQuiet });
    else {
      await this.groups.notified(tx, heldFor);
      await tx.enqueue(...jobsOf('delivery', ids, 'interactive'));
    }
    return ids;
  }
}

/**
 * Addresses the groups: channels for programs get each group of a route separately, channels for
 * humans get one message per route where messages are gathered.
 */
function addressed<About>(
  routing: RoutingConfig,
  subjects: readonly AlertSubject<About>[],
  { isGathered }: Wording<About>,
): Addressed<About>[] {
  const byRoute = groupByRoute(routing, subjects);
  if (!isGathered) return byRoute.map((group) => ({ group, takes: () => true, how: {} }));
  const isOfProgram = ({ isForPrograms }: Integration) => isForPrograms;
  return [
    ...byRoute.map((group) => ({ group, takes: isOfProgram, how: {} })),
    ...groupByReceiver(routing, subjects).map((group) => ({
      group,
      takes: (channel: Integration) => !isOfProgram(channel),
      how: { usual: advisoryTimes },
    })),
  ];
}

/** Names a group for one incident, as each incident of a group is held and sent separately. */
function ofSubject<About>(group: Group<About>, subject: string): Group<About> {
  return { ...group, groupKey: `${group.groupKey}#${subject}` };
}

function deliveryOf<About>(
  occasion: Occasion,
  { receiver, route, groupKey, groupLabels, subjects }: Group<About>,
  { kind, index, config }: Integration,
  message: Message,
  edition: NewDelivery<Message>['edition'] = null,
): NewDelivery<Message> {
  const alerts = subjects.map(({ alert }) => alert).filter(({ status }) => status === 'firing' || config.sendResolved);
  return {
    ...occasion,
    receiver,
    channel: kind,
    integration: index,
    route,
    groupKey,
    groupLabels,
    alerts,
    message,
    edition,
  };
}
