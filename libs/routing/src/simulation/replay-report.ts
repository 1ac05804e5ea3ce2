import type { DelayedMessage, SimulatedMessage } from './past.js';

/** Number of messages that would have been sent. */
export interface MessageCounts {
  messages: number;
  /** Messages that repeat an earlier one; included in `messages`. */
  reminders: number;
  /** Messages that only update what a channel already shows. */
  edits: number;
  /** Alerts in all messages, counted once per message. */
  alerts: number;
}

export interface ReceiverReport extends MessageCounts {
  receiver: string;
  /** Grouped by the path of the route. */
  routes: (MessageCounts & { route: string })[];
  /** Messages by the kind of channel. */
  channels: Record<string, number>;
}

/** Messages that were delayed or dropped, by reason. */
export interface DelayReport {
  why: DelayedMessage['why'];
  /** Sent later, or merged with others. */
  sent: number;
  /** Ended before they were sent. */
  over: number;
  /** Still held at the end. */
  waits: number;
}

export interface BusyGroup extends MessageCounts {
  receiver: string;
  groupKey: string;
}

/** Result of replaying past events against a routing.yaml. */
export interface ReplayReport extends MessageCounts {
  receivers: ReceiverReport[];
  heldBack: DelayReport[];
  /** Groups with the most messages. */
  busiest: BusyGroup[];
}

const maxBusiest = 10;
const reasons = ['group', 'summary', 'storm', 'silenced', 'inhibited', 'muted'] as const;

/**
 * Sums up the messages that a simulation sent and held back.
 * @param receiver name of the only receiver to count; null for all
 */
export function replayReport(
  { messages: all, heldBack }: { messages: readonly SimulatedMessage[]; heldBack: readonly DelayedMessage[] },
  receiver: string | null,
): ReplayReport {
  const isAsked = (each: { receiver: string }) => receiver === null || each.receiver === receiver;
  const messages = all.filter(isAsked);
  const byReceiver = Map.groupBy(messages, (message) => message.receiver);
  return {
    ...countsOf(messages),
    receivers: [...byReceiver].map(([name, some]) => receiverReport(name, some)).toSorted(byMessages),
    heldBack: heldBackReport(heldBack.filter(isAsked)),
    busiest: busiestOf(messages),
  };
}

function countsOf(messages: readonly SimulatedMessage[]): MessageCounts {
  const counts = { messages: 0, reminders: 0, edits: 0, alerts: 0 };
  for (const { kind, alerts } of messages) {
    if (kind === 'edit') counts.edits += 1;
    else {
      counts.messages += 1;
      counts.alerts += alerts;
      if (kind === 'reminder') counts.reminders += 1;
    }
  }
  return counts;
}

function receiverReport(receiver: string, messages: readonly SimulatedMessage[]): ReceiverReport {
  const routes = Map.groupBy(messages, ({ route }) => route);
  const channels = Map.groupBy(
    messages.filter(({ kind }) => kind !== 'edit'),
    ({ channel }) => channel,
  );
  return {
    receiver,
    ...countsOf(messages),
    routes: [...routes].map(([route, some]) => ({ route, ...countsOf(some) })).toSorted(byMessages),
    channels: Object.fromEntries([...channels].map(([channel, some]) => [channel, some.length])),
  };
}

function heldBackReport(heldBack: readonly DelayedMessage[]): DelayReport[] {
  return reasons.flatMap((why) => {
    const some = heldBack.filter((each) => each.why === why);
    const count = (outcome: DelayedMessage['outcome']) => some.filter((each) => each.outcome === outcome).length;
    return some.length === 0 ? [] : [{ why, sent: count('sent'), over: count('over'), waits: count('waits') }];
  });
}

function busiestOf(messages: readonly SimulatedMessage[]): BusyGroup[] {
  const groups = Map.groupBy(messages, ({ receiver, groupKey }) => JSON.stringify([receiver, groupKey]));
  return [...groups.values()]
    .map((some) => ({ receiver: some[0]!.receiver, groupKey: some[0]!.groupKey, ...countsOf(some) }))
    .toSorted(byMessages)
    .slice(0, maxBusiest);
}

function byMessages(a: MessageCounts, b: MessageCounts): number {
  return b.messages - a.messages || b.alerts - a.alerts;
}
