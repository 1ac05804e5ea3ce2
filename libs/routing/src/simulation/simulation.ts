import { InvalidInput, type Labels } from '@tidewaiter/domain';

import type { Integration } from '../config/receiver.js';
import type { RoutingConfig } from '../config/routing.js';
import { summaryWaitMs } from '../config/summary-schedule.js';
import { channelsFor, type Group, groupByRoute } from '../matching/group.js';
import { routeAt, type RouteMatch } from '../matching/route.js';
import type { Silences } from '../matching/silence.js';
import type { MuteSnapshot } from '../timing/mute-snapshot.js';
import { MuteTimes } from '../timing/mute-times.js';
import { reminding, type Reminding } from '../timing/reminding.js';
import { sortDue, stormMs, waitOf } from '../timing/waiting.js';
import { FiringNow } from './firing-now.js';
import type { DelayedMessage, PastAlert, PastEvent, SimulatedMessage } from './past.js';
import { channelName, type SimulatedDelivery, SimulatedSending } from './simulated-sending.js';
import { Timers } from './timers.js';

interface GroupState {
  notifiedMs: number | null;
  held: SimulatedDelivery[];
  dueMs: number | null;
  remindMs: number | null;
  /** Alerts that the group has sent, by identity. */
  notified: Map<string, { labels: Labels; by: SimulatedDelivery }>;
}

/** Alert that a group has sent, with the delivery that carried it. */
interface NotifiedAlert {
  identity: string;
  labels: Labels;
  by: SimulatedDelivery;
}

export interface SimulationOptions {
  config: RoutingConfig;
  silences: Silences;
  /** Alerts that fired before the first event. */
  firing: Iterable<PastAlert>;
  maxSteps?: number;
}

/**
 * Limit on checks of groups and steps through calendar minutes in one simulation: a file can be
 * written to need unlimited time.
 */
const usualMaxSteps = 1_000_000;
/** Interval of the reminder checks of inhibited alerts. */
const inhibitedMs = 300_000;

/**
 * Replays past events against a routing.yaml: makes the decisions of the notifier with the clock of
 * the events. It renders and sends no message.
 */
export class Simulation {
  readonly #config: RoutingConfig;
  readonly #firing: FiringNow;
  readonly #muteTimes: MuteTimes;
  readonly #sending = new SimulatedSending();
  readonly #groups = new Map<string, GroupState>();
  readonly #acknowledged = new Set<string>();
  /** Ends of snoozes by their subjects. */
  readonly #snoozed = new Map<string, number>();
  readonly #timers = new Timers();
  /**
   * Groups with held alerts that may be inhibited; checked again as soon as a possible inhibitor
   * ends.
   */
  readonly #inhibited = new Set<string>();
  #stepsLeft: number;
  #nowMs = -Infinity;

  constructor({ config, silences, firing, maxSteps = usualMaxSteps }: SimulationOptions) {
    this.#config = config;
    this.#stepsLeft = maxSteps;
    this.#muteTimes = new MuteTimes(config, () => this.#step());
    this.#firing = new FiringNow(config.inhibitRules, silences);
    for (const alert of firing) this.#firing.record(alert);
  }

  get messages(): readonly SimulatedMessage[] {
    return this.#sending.messages;
  }

  get heldBack(): readonly DelayedMessage[] {
    return this.#sending.heldBack;
  }

  /**
   * Advances the clock to an event and processes the event.
   * @throws InvalidInput `REPLAY_TOO_LARGE`
   */
  add({ atMs, alerts, state }: PastEvent): void {
    this.until(atMs);
    for (const alert of alerts) if (this.#firing.record(alert)) this.#wakeInhibited();
    const subjects = alerts.map((alert) => ({ alert, about: null }));
    for (const group of groupByRoute(this.#config, subjects)) {
      if (state === null) this.#dispatchAlerts(group);
      else this.#dispatchState(group, state);
    }
    if (state?.isAcknowledged) this.#acknowledged.add(state.subject);
    else if (state !== null) this.#acknowledged.delete(state.subject);
    if (state !== null) this.#snoozed.set(state.subject, Date.parse(state.snoozedUntil ?? '') || 0);
  }

  /** Advances the clock to the end; messages still held then are counted as waiting. */
  end(atMs: number): void {
    this.until(atMs);
    for (const { held } of this.#groups.values()) for (const each of held) this.#sending.holdBack(each, 'waits');
  }

  /** @throws InvalidInput `REPLAY_TOO_LARGE` */
  until(atMs: number): void {
    for (let timer = this.#timers.next(atMs); timer !== null; timer = this.#timers.next(atMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      this.#step();
      this.#look(timer.name);
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }

  #wakeInhibited(): void {
    for (const name of this.#inhibited) this.#dueIn(name, 0);
    this.#inhibited.clear();
  }

  #step(): void {
    this.#stepsLeft -= 1;
    if (this.#stepsLeft < 0) {
      throw new InvalidInput('REPLAY_TOO_LARGE', 'too much would have waited: ask for a shorter time');
    }
  }

  #quiet(): MuteSnapshot {
    return this.#firing.quiet(this.#nowMs);
  }

  #dispatchAlerts(group: SimulatedGroup): void {
    const quiet = this.#quiet();
    const isQuiet = ({ alert }: SimulatedGroup['subjects'][number]) => quiet.reasonFor(alert.labels) !== null;
    for (const subjects of [group.subjects.filter((each) => !isQuiet(each)), group.subjects.filter(isQuiet)]) {
      const alerts = subjects.map(({ alert }) => alert);
      const isNews = alerts.some(({ status, labels }) => status === 'firing' && labels['new'] === 'true');
      if (!isNews && alerts.every(({ status }) => status === 'firing')) continue;
      const channels = channelsFor(this.#config, group.receiver, isNews);
      this.#dispatch({ ...group, subjects }, channels, { subject: null, isShown: false, isNoNews: false });
    }
  }

  #dispatchState(group: SimulatedGroup, { subject, isForAll }: NonNullable<PastEvent['state']>): void {
    const isNews = group.subjects.some(({ alert }) => alert.status === 'firing');
    const channels = this.#config.receivers.get(group.receiver)?.integrations ?? [];
    const named = { ...group, groupKey: `${group.groupKey}#${subject}` };
    const following = channels.filter((channel) => channel.follows);
    const others = channels.filter(
      (channel) => !channel.follows && isForAll && (isNews || channel.config.sendResolved),
    );
    this.#dispatch(named, following, { subject, isShown: true, isNoNews: !isForAll });
    this.#dispatch(named, others, { subject, isShown: false, isNoNews: false });
  }

  #dispatch(
    group: SimulatedGroup,
    channels: readonly Integration[],
    { subject, isShown, isNoNews }: { subject: string | null; isShown: boolean; isNoNews: boolean },
  ): void {
    if (channels.length === 0) return;
    const { receiver, route, groupKey, subjects } = group;
    const match = group.match!;
    const state = this.#group(nameOf(receiver, groupKey));
    const quiet = this.#quiet();
    const reasons = subjects.map(({ alert }) => quiet.reasonFor(alert.labels));
    const quietMs = state.notifiedMs === null ? null : this.#nowMs - state.notifiedMs;
    const summary = this.#config.receivers.get(receiver)?.summary ?? null;
    const wait = waitOf({ match, summary, reasons, quietMs, isShown }, this.#nowMs);
    const why = wait?.why === 'quiet' ? (reasons[0]?.how ?? 'silenced') : (wait?.why ?? null);
    const alerts = subjects.map(({ alert }) => alert);
    const deliveries = channels.map((channel): SimulatedDelivery => ({
      receiver,
      route,
      match,
      groupKey,
      channel,
      alerts: alerts.filter(({ status }) => status === 'firing' || channel.config.sendResolved),
      subject,
      kind: 'news',
      why,
      createdMs: this.#nowMs,
      sentMs: null,
    }));
    const heldFor = wait?.why === 'summary' ? summaryName(receiver) : nameOf(receiver, groupKey);
    this.#hand(deliveries, { heldFor, forMs: wait?.forMs ?? 0, isShown });
    if (isNoNews || !match.given.has('repeat_interval')) return;
    for (const { identity, labels, status } of alerts) {
      if (status === 'firing') state.notified.set(identity, { labels, by: deliveries[0]! });
    }
    this.#remindIn(nameOf(receiver, groupKey), (wait?.forMs ?? 0) + match.repeatIntervalMs);
  }

  #hand(
    deliveries: readonly SimulatedDelivery[],
    { heldFor, forMs, isShown }: { heldFor: string; forMs: number; isShown: boolean },
  ): void {
    for (const delivery of deliveries) {
      const { kind, index } = delivery.channel;
      if (forMs > 0) this.#hold(delivery, heldFor, forMs);
      else if (!isShown && this.#sending.isFlooded(delivery, this.#nowMs)) {
        delivery.why = 'storm';
        this.#hold(delivery, `${delivery.receiver}\nstorm ${kind} ${index}`, stormMs);
      } else this.#send([delivery], nameOf(delivery.receiver, delivery.groupKey));
    }
  }

  #hold(delivery: SimulatedDelivery, name: string, forMs: number): void {
    this.#group(name).held.push(delivery);
    this.#dueIn(name, forMs);
  }

  #send(together: readonly SimulatedDelivery[], name: string): void {
    this.#group(name).notifiedMs = this.#nowMs;
    this.#sending.send(together, this.#nowMs);
  }

  #look(name: string): void {
    const group = this.#group(name);
    if (group.dueMs !== null && group.dueMs <= this.#nowMs) this.#release(name, group);
    if (group.remindMs !== null && group.remindMs <= this.#nowMs) this.#remind(name, group);
  }

  #release(name: string, group: GroupState): void {
    group.dueMs = null;
    const quiet = this.#quiet();
    const held = group.held.splice(0);
    const { ready, over } = sortDue(
      held.map((by) => ({ by, alerts: by.alerts, route: by.route })),
      {
        isFiring: ({ identity }) => this.#firing.has(identity),
        reasonFor: (labels) => quiet.reasonFor(labels),
        isMuted: (path) => this.#muteTimes.isMuted(path, this.#nowMs),
      },
    );
    for (const { by } of over) this.#sending.holdBack(by, 'over');
    const settled = new Set([...ready, ...over].map(({ by }) => by));
    for (const each of held) {
      if (settled.has(each)) continue;
      group.held.push(each);
      this.#waitOn(name, each, quiet);
    }
    const isSummary = ready.some(({ by }) => name === summaryName(by.receiver));
    const deliveries = ready.map(({ by, alerts }) => Object.assign(by, { alerts }));
    const together = Map.groupBy(deliveries, (each) =>
      isSummary ? channelName(each) : `${channelName(each)}\n${each.subject ?? ''}`,
    );
    for (const some of together.values()) this.#send(some, name);
  }

  /**
   * Schedules the next check of a held delivery. The notifier polls each minute; the simulation
   * knows when something changes.
   */
  #waitOn(name: string, { route, alerts }: SimulatedDelivery, quiet: MuteSnapshot): void {
    if (this.#muteTimes.isMuted(route, this.#nowMs)) {
      this.#dueIn(name, this.#muteTimes.endsInMs(route, this.#nowMs));
      return;
    }
    const waits = alerts.flatMap(({ labels }) => quiet.reasonFor(labels)?.forMs ?? []);
    if (waits.length > 0) this.#dueIn(name, Math.min(...waits));
    this.#inhibited.add(name);
  }

  #remind(name: string, group: GroupState): void {
    group.remindMs = null;
    const notified = [...group.notified].flatMap(([identity, { by }]) => {
      const labels = this.#firing.labelsOf(identity);
      return labels === undefined ? [] : [{ identity, labels, by }];
    });
    group.notified = new Map(notified.map(({ identity, ...each }) => [identity, each]));
    const newest = notified.at(-1)?.by;
    const route = newest && routeAt(this.#config, newest.route);
    if (newest === undefined || !route) return;
    const again = this.#reminding(notified, newest, route);
    if ('lookInMs' in again) this.#remindIn(name, again.lookInMs);
    else this.#repeat(name, group, { newest, route, alerts: again.alerts });
  }

  /** Makes the notifier's decision on a reminder, but is evaluated only when something changes. */
  #reminding(
    notified: readonly NotifiedAlert[],
    newest: SimulatedDelivery,
    route: RouteMatch,
  ): Reminding<NotifiedAlert> {
    const sent = notified.filter(({ by }) => by.sentMs !== null);
    const isAcknowledged = newest.subject !== null && this.#acknowledged.has(newest.subject);
    if (sent.length === 0 || isAcknowledged) return { lookInMs: route.repeatIntervalMs };
    const snoozedForMs = (this.#snoozed.get(newest.subject ?? '') ?? 0) - this.#nowMs;
    if (snoozedForMs > 0) return { lookInMs: snoozedForMs };
    if (this.#muteTimes.isMuted(newest.route, this.#nowMs)) {
      return { lookInMs: this.#muteTimes.endsInMs(newest.route, this.#nowMs) };
    }
    const lastMs = Math.max(...sent.map(({ by }) => by.sentMs ?? 0));
    const decision = reminding({ alerts: sent, lastMs }, { quiet: this.#quiet(), route, nowMs: this.#nowMs });
    const isDue = lastMs + route.repeatIntervalMs <= this.#nowMs;
    return 'lookInMs' in decision && isDue ? { lookInMs: Math.max(decision.lookInMs, inhibitedMs) } : decision;
  }

  #repeat(
    name: string,
    group: GroupState,
    { newest, route, alerts: due }: { newest: SimulatedDelivery; route: RouteMatch; alerts: readonly NotifiedAlert[] },
  ): void {
    const alerts = due.map(({ identity, labels }): PastAlert => ({ identity, labels, status: 'firing' }));
    const { integrations = [], summary = null } = this.#config.receivers.get(newest.receiver) ?? {};
    const deliveries = integrations.map((channel): SimulatedDelivery => ({
      ...newest,
      channel,
      alerts,
      kind: 'reminder',
      why: summary === null ? null : 'summary',
      createdMs: this.#nowMs,
      sentMs: null,
    }));
    const forMs = summary === null ? 0 : summaryWaitMs(summary, this.#nowMs);
    this.#hand(deliveries, { heldFor: summary === null ? name : summaryName(newest.receiver), forMs, isShown: false });
    for (const { identity, labels } of alerts)
      if (deliveries[0]) group.notified.set(identity, { labels, by: deliveries[0] });
    this.#remindIn(name, forMs + route.repeatIntervalMs);
  }

  #group(name: string): GroupState {
    const known = this.#groups.get(name);
    if (known) return known;
    const group: GroupState = { notifiedMs: null, held: [], dueMs: null, remindMs: null, notified: new Map() };
    this.#groups.set(name, group);
    return group;
  }

  /** Schedules the group; an earlier time that is already set stays. */
  #dueIn(name: string, forMs: number): void {
    const group = this.#group(name);
    const atMs = this.#nowMs + Math.max(forMs, 1);
    if (group.dueMs !== null && group.dueMs <= atMs) return;
    group.dueMs = atMs;
    this.#timers.set(atMs, name);
  }

  #remindIn(name: string, forMs: number): void {
    const group = this.#group(name);
    group.remindMs = this.#nowMs + Math.max(forMs, 1);
    this.#timers.set(group.remindMs, name);
  }
}

type SimulatedGroup = Group<null, PastAlert>;

function nameOf(receiver: string, groupKey: string): string {
  return `${receiver}\n${groupKey}`;
}

function summaryName(receiver: string): string {
  return `${receiver}\ndigest`;
}
