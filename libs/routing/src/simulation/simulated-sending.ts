import type { Integration } from '../config/receiver.js';
import type { RouteMatch } from '../matching/route.js';
import { isStorm, stormMs, stormSize } from '../timing/waiting.js';
import type { DelayedMessage, PastAlert, SimulatedMessage } from './past.js';

/** Delivery that one channel would have received. */
export interface SimulatedDelivery {
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
  /** Time at which it was sent; null while it is held. */
  sentMs: number | null;
}

/** Messages that a simulation sent, and those that it held back. */
export class SimulatedSending {
  readonly messages: SimulatedMessage[] = [];
  readonly heldBack: DelayedMessage[] = [];
  /** Creation times of the last messages of each channel. */
  readonly #given = new Map<string, number[]>();
  /** Incidents that a channel already shows. */
  readonly #shown = new Set<string>();

  /** Sends merged deliveries as one message. */
  send(together: readonly SimulatedDelivery[], nowMs: number): void {
    const last = together.at(-1)!;
    for (const each of together) {
      each.sentMs = nowMs;
      this.holdBack(each, 'sent');
    }
    this.#given.set(channelName(last), [...this.#givenTo(last), last.createdMs].slice(-stormSize));
    this.messages.push({
      atMs: nowMs,
      receiver: last.receiver,
      route: last.route,
      groupKey: last.groupKey,
      channel: last.channel.kind,
      kind: this.#isEdit(last) ? 'edit' : last.kind,
      heldFor: last.why,
      alerts: new Set(together.flatMap(({ alerts }) => alerts.map(({ identity }) => identity))).size,
      together: together.length,
    });
  }

  /** Records the outcome of a delivery that was held back. */
  holdBack({ receiver, route, why }: SimulatedDelivery, outcome: DelayedMessage['outcome']): void {
    if (why !== null) this.heldBack.push({ receiver, route, why, outcome });
  }

  /** Whether the channel already got so many messages lately that the next ones are merged. */
  isFlooded(delivery: SimulatedDelivery, nowMs: number): boolean {
    const lately = this.#givenTo(delivery).filter((atMs) => atMs > nowMs - stormMs);
    return isStorm(delivery.channel, lately.length);
  }

  #givenTo(delivery: SimulatedDelivery): number[] {
    return this.#given.get(channelName(delivery)) ?? [];
  }

  /** Whether it changes a message that is there, as a bot in Slack does. */
  #isEdit(delivery: SimulatedDelivery): boolean {
    if (delivery.subject === null || !delivery.channel.follows) return false;
    const shown = `${channelName(delivery)}\n${delivery.subject}`;
    const wasShown = this.#shown.has(shown);
    this.#shown.add(shown);
    return wasShown && delivery.kind !== 'reminder';
  }
}

export function channelName({ receiver, channel: { kind, index } }: SimulatedDelivery): string {
  return `${receiver}\n${kind} ${index}`;
}
