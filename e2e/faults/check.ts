/** A webhook, which its sender repeated with the same body until it was accepted. */
export interface SentWebhook {
  /** Tag of the push, which no other push has. */
  key: string;
  kind: string;
  /** Null if no answer was a 2xx. */
  acceptedAtMs: number | null;
  /** State in which it ends, if not `analyzed`. */
  end?: string;
  /** Least and largest number of messages about it, if not one. */
  messages?: readonly [number, number];
  /**
   * Attempts without an answer, of a sender that gives neither id nor time. Each may be a push
   * without news, if the registry has been asked for the digest before the next attempt.
   */
  unanswered?: number;
}

/** A push as PostgreSQL has it. */
export interface StoredPush {
  key: string;
  id: string;
  digest: string | null;
  state: string;
  code: string | null;
  verdict: string | null;
}

/** A runtime event. */
export interface SentEvent {
  /** Namespace in which it happened, which no other event has. */
  key: string;
  sensor: string;
  /** Rule that it matches; null if none does. */
  rule: string | null;
  acceptedAtMs: number | null;
}

export interface StoredAlert {
  key: string;
  rule: string;
  id: string;
  incidentId: string | null;
}

export interface IncidentRecord {
  key: string;
  id: string;
  isMerged: boolean;
}

/** A message at the receiver. */
export interface Arrival {
  key: string;
  /** Id of the delivery, which a repetition keeps. */
  deliveryId: string;
}

/** A push that was sent after the last fault. */
export interface Probe {
  healedAtMs: number;
  /** Null if its message did not arrive. */
  deliveredAtMs: number | null;
  /** Average load of the machine, which decides how fast anything is. */
  load: number;
}

/** Half a second: readiness of ingest, and the answers to webhooks. */
export interface Moment {
  atMs: number;
  isReady: boolean | null;
  accepted: number;
  refused: number;
}

/** Events of a schedule, as its senders, receivers and PostgreSQL saw them. */
export interface History {
  webhooks: SentWebhook[];
  pushes: StoredPush[];
  events: SentEvent[];
  alerts: StoredAlert[];
  incidents: IncidentRecord[];
  arrivals: Arrival[];
  /** Delivery ids of the messages that a channel with metadata shows. */
  posts: string[];
  /** Mails, and messages of a channel that refuses each once, which arrive under one id, too. */
  mails: Arrival[];
  redriven: Arrival[];
  /** Events whose messages are repeated. */
  reminded: string[];
  /** States of the deliveries of this schedule that are not final. */
  openDeliveries: { id: string; state: string }[];
  deadLetters: { id: string; stage: string; subject: string; code: string | null; reason: string | null }[];
  /** Counters of dropped things above zero. */
  drops: { metric: string; value: number }[];
  /** Verdicts of earlier pushes, then and now. */
  earlier: { key: string; before: string | null; now: string | null }[];
  /** Services that are not ready although no fault is left. */
  notReady: { instance: string; problems: string }[];
  moments: Moment[];
  /** Requests of people and pipelines that failed for a minute. */
  undone: string[];
  probe: Probe | null;
  /** Processes that ended although no fault ended them. */
  crashes: string[];
}

export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8';

export interface Violation {
  invariant: Invariant;
  what: string;
}

export interface Judgment {
  violations: Violation[];
  lost: number;
  doubled: number;
  /** Messages that came again under the id that they had. */
  repeats: number;
  recoveryMs: number | null;
}

export const recoveryLimitMs = 15_000;
/** Up to this load of the machine {@link recoveryLimitMs} holds. */
export const quietLoad = 2;
const untruthfulMs = 5_000;

/**
 * Holds a history against the invariants:
 * - I1 an accepted webhook is stored
 * - I2 an accepted push ends once, and a good image ends analyzed
 * - I3 an event that matches a rule is one alert of one incident, and each push and incident is
 *   delivered under one id
 * - I4 pushes of one digest have one verdict
 * - I5 nothing is dropped: no counter, dead letter or open delivery is left
 * - I6 a verdict stays
 * - I7 a push after the last fault is delivered within 15 seconds
 * - I8 ingest is not ready while it refuses everything, and every service is ready at the end
 */
export function check(history: History): Judgment {
  const violations: Violation[] = [];
  const found: Judgment = { violations, lost: 0, doubled: 0, repeats: 0, recoveryMs: recoveryOf(history.probe) };
  const report = (invariant: Invariant, what: string, kind?: 'lost' | 'doubled') => {
    violations.push({ invariant, what });
    if (kind) found[kind] += 1;
  };
  const arrivals = Map.groupBy(history.arrivals, ({ key }) => key);
  found.repeats = [...arrivals.values()].reduce(
    (sum, some) => sum + some.length - new Set(some.map(({ deliveryId }) => deliveryId)).size,
    0,
  );
  const checkArrival: CheckArrival = (key, what, [least, most] = [1, 1]) => {
    const ids = new Set((arrivals.get(key) ?? []).map(({ deliveryId }) => deliveryId));
    if (ids.size < least) report('I3', `no message about ${what} arrived`, 'lost');
    if (ids.size > most) report('I3', `the message about ${what} arrived under ${ids.size} ids`, 'doubled');
  };
  checkPushes(history, report, checkArrival);
  checkEvents(history, report, checkArrival);
  checkChannels(history, report);
  const posts = Map.groupBy(history.posts, (id) => id);
  for (const [id, shown] of posts) {
    if (shown.length > 1) report('I3', `the channel shows delivery ${id} ${shown.length} times`, 'doubled');
  }
  for (const [digest, pushes] of Map.groupBy(history.pushes, ({ digest }) => digest)) {
    const verdicts = new Set(pushes.filter(({ state }) => state === 'analyzed').map(({ verdict }) => verdict));
    if (verdicts.size > 1) report('I4', `pushes of ${digest} have the verdicts ${[...verdicts].join(', ')}`);
  }
  for (const { stage, subject, code, reason } of history.deadLetters)
    report('I5', `dead letter of ${stage} ${subject}: ${code} ${reason}`);
  for (const { id, state } of history.openDeliveries) report('I5', `delivery ${id} is ${state}`);
  for (const { metric, value } of history.drops) report('I5', `${metric} is ${value}`);
  for (const { key, before, now } of history.earlier)
    if (before !== now) report('I6', `the verdict of ${key} was ${before} and is ${now}`);
  checkRecovery(history, found, report);
  for (const { instance, problems } of history.notReady) report('I8', `${instance} is not ready: ${problems}`);
  for (const [from, to] of untruthful(history.moments))
    report('I8', `ingest said that it was ready and refused everything for ${((to - from) / 1_000).toFixed(1)} s`);
  for (const deed of history.undone) report('I1', `${deed} was never accepted`);
  for (const crash of history.crashes) report('I5', `ended by itself: ${crash}`);
  return found;
}

type CheckArrival = (key: string, what: string, messages?: readonly [number, number]) => void;
type Report = (invariant: Invariant, what: string, kind?: 'lost' | 'doubled') => void;

function checkPushes({ webhooks, pushes }: History, report: Report, checkArrival: CheckArrival): void {
  const stored = Map.groupBy(pushes, ({ key }) => key);
  const accepted = webhooks.filter(({ acceptedAtMs }) => acceptedAtMs !== null);
  for (const { key, kind } of webhooks) {
    if (!accepted.some((each) => each.key === key)) report('I1', `${kind} ${key} was never accepted`);
  }
  for (const { key, kind, end = 'analyzed', messages, unanswered = 0 } of accepted) {
    const what = `${kind} ${key}`;
    const rows = stored.get(key) ?? [];
    if (rows.length === 0) report('I1', `${what} was accepted and is not stored`, 'lost');
    if (rows.length > 1 + unanswered) report('I2', `${what} is ${rows.length} pushes`, 'doubled');
    for (const { state, code, id } of rows) {
      if (state !== end) report('I2', `${what} (${id}) is ${state} ${code ?? ''}`.trim(), 'lost');
    }
    if (rows.some(({ state }) => state === end)) checkArrival(key, what, messages);
  }
}

function checkEvents({ events, alerts, incidents }: History, report: Report, checkArrival: CheckArrival): void {
  const alertsOf = Map.groupBy(alerts, ({ key }) => key);
  const incidentsOf = Map.groupBy(
    incidents.filter(({ isMerged }) => !isMerged),
    ({ key }) => key,
  );
  for (const { key, sensor, rule, acceptedAtMs } of events) {
    if (acceptedAtMs === null) report('I1', `an event of ${sensor} in ${key} was never accepted`);
    if (rule === null || acceptedAtMs === null) continue;
    const what = `${rule} in ${key} of ${sensor}`;
    const raised = (alertsOf.get(key) ?? []).filter((alert) => alert.rule === rule);
    if (raised.length === 0) report('I3', `${what} was accepted and is no alert`, 'lost');
    if (raised.length > 1) report('I3', `${what} is ${raised.length} alerts`, 'doubled');
    const open = incidentsOf.get(key) ?? [];
    if (raised.length > 0 && open.length === 0) report('I3', `${what} is in no incident`, 'lost');
    if (open.length > 1) report('I3', `${what} is ${open.length} incidents`, 'doubled');
    if (open.length > 0) checkArrival(key, what);
  }
}

/** Channels that get the messages of some namespaces. */
function checkChannels({ events, mails, redriven, reminded, incidents }: History, report: Report): void {
  const known = new Set(incidents.map(({ key }) => key));
  const channels: [string, string, readonly Arrival[]][] = [
    ['mail-', 'mail', mails],
    ['refusing-', 'redriven message', redriven],
  ];
  for (const { key } of events.filter((event) => event.rule !== null && known.has(event.key))) {
    for (const [prefix, name, arrived] of channels) {
      if (!key.startsWith(prefix)) continue;
      const ids = new Set(arrived.filter((arrival) => arrival.key === key).map(({ deliveryId }) => deliveryId));
      if (ids.size === 0) report('I3', `no ${name} about ${key} arrived`, 'lost');
      if (ids.size > 1) report('I3', `the ${name} about ${key} arrived under ${ids.size} ids`, 'doubled');
    }
    if (key.startsWith('reminded-') && !reminded.includes(key)) report('I3', `nothing reminded of ${key}`, 'lost');
  }
}

function recoveryOf(probe: Probe | null): number | null {
  return probe?.deliveredAtMs == null ? null : probe.deliveredAtMs - probe.healedAtMs;
}

function checkRecovery({ probe }: History, { recoveryMs }: Judgment, report: Report): void {
  if (probe === null) return;
  if (recoveryMs === null) return report('I7', 'the push after the last fault was not delivered');
  if (probe.load <= quietLoad && recoveryMs > recoveryLimitMs)
    report('I7', `recovered after ${(recoveryMs / 1_000).toFixed(1)} s at load ${probe.load.toFixed(1)}`);
}

/**
 * Spans between looks that all found ingest ready, while every webhook was refused. A process that
 * is stopped answers no look, so that the time after its last answer is not counted.
 */
function untruthful(moments: readonly Moment[]): [number, number][] {
  const spans: [number, number][] = [];
  let span: Moment[] = [];
  for (const moment of [...moments, null]) {
    if (moment?.isReady === true && moment.accepted === 0) {
      span.push(moment);
      continue;
    }
    const [from, to] = [span[0]?.atMs ?? 0, span.at(-1)?.atMs ?? 0];
    if (to - from >= untruthfulMs && span.some(({ refused }) => refused > 0)) spans.push([from, to]);
    span = [];
  }
  return spans;
}
