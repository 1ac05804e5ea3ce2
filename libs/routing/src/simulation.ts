import { InvalidInput, type Labels } from '@tidewaiter/domain';

import { digestWaitMs } from './digest-times.js';
import { channelsFor, groupByRoute } from './group.js';
import type { Group } from './group.js';
import { Inhibitions } from './inhibition.js';
import type { HeldBack, PastAlert, PastEvent, SimulatedMessage } from './past.js';
import { QuietNow } from './quiet.js';
import type { Integration } from './receivers/receiver.js';
import { reminding } from './reminding.js';
import { isMuted, routeAt } from './route.js';
import type { RouteMatch } from './route.js';
import type { RoutingConfig } from './routing.js';
import type { Silences } from './silence.js';
import { Timers } from './timers.js';
import { isStorm, sortDue, stormMs, stormSize, waitOf } from './waiting.js';

interface Delivery {
  receiver: string;
  route: string;
  match: RouteMatch;
  groupKey: string;
  channel: Integration;
  alerts: PastAlert[];
  subject: string | null;
  kind: SimulatedMessage['kind'];
  why: SimulatedMessage['heldFor'];
  createdMs: number;
  /** When it went out; null while it waits. */
  toldMs: number | null;
}

interface GroupState {
  toldMs: number | null;
  held: Delivery[];
  dueMs: number | null;
  remindMs: number | null;
  /** What the group was told of, by identity. */
  told: Map<string, { labels: Labels; by: Delivery }>;
}

export interface SimulationOptions {
  config: RoutingConfig;
  silences: Silences;
  /** What fired before the first event. */
  firing: Iterable<PastAlert>;
  maxSteps?: number;
}

/** Looks at groups and at minutes of a calendar, in all: a file may be written so that there are more than anybody can wait for. */
const usualMaxSteps = 1_000_000;
const minuteMs = 60_000;
/** A route that tells nothing for this long is not asked further. */
const longestMuteMs = 32 * 86_400_000;
/** How often what is inhibited is looked at that is to be told again. */
const inhibitedMs = 300_000;

/**
 * What a routing.yaml would have made of what happened: the decisions of the notifier over the same events, with the clock of the
 * events. Nothing is worded and nothing is sent.
 */
export class Simulation {
  readonly messages: SimulatedMessage[] = [];
  readonly heldBack: HeldBack[] = [];
  readonly #config: RoutingConfig;
  readonly #silences: Silences;
  readonly #inhibitions: Inhibitions;
  readonly #firing = new Map<string, Labels>();
  readonly #groups = new Map<string, GroupState>();
  /** When each channel was given its last messages. */
  readonly #given = new Map<string, number[]>();
  /** Incidents that a channel shows. */
  readonly #shown = new Set<string>();
  readonly #acknowledged = new Set<string>();
  readonly #timers = new Timers();
  /** Groups that are looked at again as soon as something is over that may have inhibited what they wait with. */
  readonly #inhibited = new Set<string>();
  /** By its path: when a route may tell something again. */
  readonly #unmutedMs = new Map<string, number>();
  #stepsLeft: number;
  #nowMs = -Infinity;

  constructor({ config, silences, firing, maxSteps = usualMaxSteps }: SimulationOptions) {
    this.#stepsLeft = maxSteps;
    this.#config = config;
    this.#silences = silences;
    this.#inhibitions = new Inhibitions(config.inhibitRules);
    for (const alert of firing) this.#record(alert);
  }

  /**
   * Lives through the time until an event, and then tells it.
   * @throws InvalidInput `REPLAY_TOO_LARGE`
   */
  add({ atMs, alerts, state }: PastEvent): void {
    this.until(atMs);
    for (const alert of alerts) this.#record(alert);
    const subjects = alerts.map((alert) => ({ alert, about: null }));
    for (const group of groupByRoute(this.#config, subjects)) {
      if (state === null) this.#tellAlerts(group);
      else this.#tellState(group, state);
    }
    if (state?.isAcknowledged) this.#acknowledged.add(state.subject);
    else if (state !== null) this.#acknowledged.delete(state.subject);
  }

  /** Lives through the time until the end; what waits then is left. */
  end(atMs: number): void {
    this.until(atMs);
    for (const { held } of this.#groups.values()) for (const each of held) this.#holdBack(each, 'waits');
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

  #record({ identity, labels, status }: PastAlert): void {
    const before = this.#firing.get(identity);
    if (before) {
      this.#inhibitions.resolve({ id: identity, labels: before });
      if (this.#inhibitions.isSource(before)) this.#wakeInhibited();
    }
    if (status === 'resolved') this.#firing.delete(identity);
    else {
      this.#firing.set(identity, labels);
      this.#inhibitions.fire({ id: identity, labels });
    }
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

  #quiet(): QuietNow {
    return new QuietNow(this.#silences, this.#inhibitions, this.#nowMs);
  }

  #tellAlerts(group: SimulatedGroup): void {
    const quiet = this.#quiet();
    const isQuiet = ({ alert }: SimulatedGroup['subjects'][number]) => quiet.reasonFor(alert.labels) !== null;
    for (const subjects of [group.subjects.filter((each) => !isQuiet(each)), group.subjects.filter(isQuiet)]) {
      const alerts = subjects.map(({ alert }) => alert);
      const isNews = alerts.some(({ status, labels }) => status === 'firing' && labels['new'] === 'true');
      if (!isNews && alerts.every(({ status }) => status === 'firing')) continue;
      const channels = channelsFor(this.#config, group.receiver, isNews);
      this.#tell({ ...group, subjects }, channels, { subject: null, isShown: false, isNoNews: false });
    }
  }

  #tellState(group: SimulatedGroup, { subject, isForAll }: NonNullable<PastEvent['state']>): void {
    const isNews = group.subjects.some(({ alert }) => alert.status === 'firing');
    const channels = this.#config.receivers.get(group.receiver)?.integrations ?? [];
    const named = { ...group, groupKey: `${group.groupKey}#${subject}` };
    const following = channels.filter(follows);
    const others = channels.filter(
      (channel) => !follows(channel) && isForAll && (isNews || channel.config.sendResolved),
    );
    this.#tell(named, following, { subject, isShown: true, isNoNews: !isForAll });
    this.#tell(named, others, { subject, isShown: false, isNoNews: false });
  }

  #tell(
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
    const quietMs = state.toldMs === null ? null : this.#nowMs - state.toldMs;
    const digest = this.#config.receivers.get(receiver)?.digest ?? null;
    const wait = waitOf({ match, digest, reasons, quietMs, isShown }, this.#nowMs);
    const why = wait?.why === 'quiet' ? (reasons[0]?.how ?? 'silenced') : (wait?.why ?? null);
    const deliveries = channels.map((channel): Delivery => ({
      ...{
        receiver,
        route,
        match,
        groupKey,
        channel,
        subject,
        kind: 'news',
        why,
        createdMs: this.#nowMs,
        toldMs: null,
      },
      alerts: subjects
        .map(({ alert }) => alert)
        .filter(({ status }) => status === 'firing' || channel.config.sendResolved),
    }));
    const heldFor = wait?.why === 'digest' ? digestName(receiver) : nameOf(receiver, groupKey);
    this.#hand(deliveries, { heldFor, forMs: wait?.forMs ?? 0, isShown });
    if (isNoNews || !match.given.has('repeat_interval')) return;
    for (const { identity, labels, status } of subjects.map(({ alert }) => alert)) {
      if (status === 'firing') state.told.set(identity, { labels, by: deliveries[0]! });
    }
    this.#remindIn(nameOf(receiver, groupKey), (wait?.forMs ?? 0) + match.repeatIntervalMs);
  }

  #hand(
    deliveries: readonly Delivery[],
    { heldFor, forMs, isShown }: { heldFor: string; forMs: number; isShown: boolean },
  ): void {
    for (const delivery of deliveries) {
      const { kind, index } = delivery.channel;
      if (forMs > 0) this.#hold(delivery, heldFor, forMs);
      else if (!isShown && isStorm(kind, this.#givenLately(delivery))) {
        this.#hold({ ...delivery, why: 'storm' }, `${delivery.receiver}\nstorm ${kind} ${index}`, stormMs, delivery);
      } else this.#send([delivery], nameOf(delivery.receiver, delivery.groupKey));
    }
  }

  #hold(delivery: Delivery, name: string, forMs: number, original = delivery): void {
    const group = this.#group(name);
    // What was told of is asked whether it was told.
    group.held.push(Object.assign(original, delivery));
    this.#dueIn(name, forMs);
  }

  /** Sends what came together as one message. */
  #send(together: readonly Delivery[], name: string): void {
    const last = together.at(-1)!;
    for (const each of together) {
      each.toldMs = this.#nowMs;
      if (each.why !== null) this.#holdBack(each, 'told');
      const own = this.#groups.get(nameOf(each.receiver, each.groupKey));
      if (own) own.toldMs = this.#nowMs;
    }
    this.#group(name).toldMs = this.#nowMs;
    const given = this.#given.get(channelName(last)) ?? [];
    this.#given.set(channelName(last), [...given, last.createdMs].slice(-stormSize));
    const shown = last.subject === null || !follows(last.channel) ? null : `${channelName(last)}\n${last.subject}`;
    const isEdit = shown !== null && this.#shown.has(shown) && last.kind !== 'reminder';
    if (shown !== null) this.#shown.add(shown);
    this.messages.push({
      atMs: this.#nowMs,
      receiver: last.receiver,
      route: last.route,
      groupKey: last.groupKey,
      channel: last.channel.kind,
      kind: isEdit ? 'edit' : last.kind,
      heldFor: last.why,
      alerts: new Set(together.flatMap(({ alerts }) => alerts.map(({ identity }) => identity))).size,
      together: together.length,
    });
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
        isMuted: (path) => this.#isMuted(path),
      },
    );
    for (const { by } of over) this.#holdBack(by, 'over');
    const settled = new Set([...ready, ...over].map(({ by }) => by));
    for (const each of held) {
      if (settled.has(each)) continue;
      group.held.push(each);
      this.#waitOn(name, each, quiet);
    }
    const isDigest = ready.some(({ by }) => name === digestName(by.receiver));
    const deliveries = ready.map(({ by, alerts }) => Object.assign(by, { alerts }));
    const together = Map.groupBy(deliveries, (each) =>
      isDigest ? channelName(each) : `${channelName(each)}\n${each.subject ?? ''}`,
    );
    for (const some of together.values()) this.#send(some, name);
  }

  /** Nobody looks each minute, as the notifier does: it is known here when something changes. */
  #waitOn(name: string, { route, alerts }: Delivery, quiet: QuietNow): void {
    if (this.#isMuted(route)) {
      this.#dueIn(name, this.#unmutedInMs(route));
      return;
    }
    const waits = alerts.flatMap(({ labels }) => quiet.reasonFor(labels)?.forMs ?? []);
    if (waits.length > 0) this.#dueIn(name, Math.min(...waits));
    this.#inhibited.add(name);
  }

  #unmutedInMs(path: string): number {
    const known = this.#unmutedMs.get(path) ?? 0;
    if (known > this.#nowMs) return known - this.#nowMs;
    const route = routeAt(this.#config, path);
    const endMs = this.#nowMs + longestMuteMs;
    let atMs = Math.ceil((this.#nowMs + 1) / minuteMs) * minuteMs;
    for (; route !== null && atMs < endMs && isMuted(route, atMs); atMs += minuteMs) this.#step();
    this.#unmutedMs.set(path, atMs);
    return atMs - this.#nowMs;
  }

  #remind(name: string, group: GroupState): void {
    group.remindMs = null;
    const still = [...group.told].filter(([identity]) => this.#firing.has(identity));
    group.told = new Map(still);
    const told = still.map(([identity, { by }]) => ({ identity, labels: this.#firing.get(identity)!, by }));
    const [newest] = told.map(({ by }) => by).toReversed();
    if (newest === undefined) return;
    const route = routeAt(this.#config, newest.route);
    if (route === null) return;
    const heard = told.filter(({ by }) => by.toldMs !== null);
    if (heard.length === 0) return this.#remindIn(name, route.repeatIntervalMs);
    if (isMuted(route, this.#nowMs)) return this.#remindIn(name, this.#unmutedInMs(newest.route));
    const lastMs = Math.max(...heard.map(({ by }) => by.toldMs ?? 0));
    const decision = reminding({ alerts: heard, lastMs }, { quiet: this.#quiet(), route, nowMs: this.#nowMs });
    const isQuiet = lastMs + route.repeatIntervalMs <= this.#nowMs;
    if ('lookInMs' in decision)
      this.#remindIn(name, isQuiet ? Math.max(decision.lookInMs, inhibitedMs) : decision.lookInMs);
    else if (newest.subject !== null && this.#acknowledged.has(newest.subject))
      this.#remindIn(name, route.repeatIntervalMs);
    else this.#tellAgain(name, group, { newest, route, told: decision.tell });
  }

  #tellAgain(
    name: string,
    group: GroupState,
    { newest, route, told }: { newest: Delivery; route: RouteMatch; told: { identity: string; labels: Labels }[] },
  ): void {
    const alerts = told.map(({ identity, labels }): PastAlert => ({ identity, labels, status: 'firing' }));
    const { integrations = [], digest = null } = this.#config.receivers.get(newest.receiver) ?? {};
    const deliveries = integrations.map((channel): Delivery => ({
      ...{ ...newest, channel, alerts, kind: 'reminder', createdMs: this.#nowMs, toldMs: null },
      why: digest === null ? null : 'digest',
    }));
    const forMs = digest === null ? 0 : digestWaitMs(digest, this.#nowMs);
    this.#hand(deliveries, { heldFor: digest === null ? name : digestName(newest.receiver), forMs, isShown: false });
    for (const { identity, labels } of alerts)
      if (deliveries[0]) group.told.set(identity, { labels, by: deliveries[0] });
    this.#remindIn(name, forMs + route.repeatIntervalMs);
  }

  #isMuted(path: string): boolean {
    const route = routeAt(this.#config, path);
    return route !== null && isMuted(route, this.#nowMs);
  }

  #givenLately(delivery: Delivery): number {
    const given = this.#given.get(channelName(delivery)) ?? [];
    return given.filter((at) => at > this.#nowMs - stormMs).length;
  }

  #holdBack({ receiver, route, why }: Delivery, outcome: HeldBack['outcome']): void {
    if (why !== null) this.heldBack.push({ receiver, route, why, outcome });
  }

  #group(name: string): GroupState {
    const known = this.#groups.get(name);
    if (known) return known;
    const group: GroupState = { toldMs: null, held: [], dueMs: null, remindMs: null, told: new Map() };
    this.#groups.set(name, group);
    return group;
  }

  /** An earlier time that is set already stays. */
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

/** Whether a channel shows how things stand: a Slack bot edits its message. */
function follows({ kind, config }: Integration): boolean {
  return kind === 'slack' && config.target.mode === 'bot';
}

function nameOf(receiver: string, groupKey: string): string {
  return `${receiver}\n${groupKey}`;
}

function digestName(receiver: string): string {
  return `${receiver}\ndigest`;
}

function channelName({ receiver, channel: { kind, index } }: Delivery): string {
  return `${receiver}\n${kind} ${index}`;
}
