import type { Labels } from '@tidewaiter/domain';

import type { Integration } from '../config/receiver.js';

/** State of an alert at a moment. */
export interface PastAlert {
  identity: string;
  labels: Labels;
  status: 'firing' | 'resolved';
}

/** Past event that would cause notifications: its alerts at that moment. */
export interface PastEvent {
  /** Milliseconds since 1970; events come in the order of their times. */
  atMs: number;
  alerts: readonly PastAlert[];
  /**
   * Set for an event that reports a state of an incident: sent to all channels, or only to those
   * that follow the incident.
   */
  state: {
    subject: string;
    isForAll: boolean;
    isAcknowledged: boolean;
    /** Time until which it is not repeated, in ISO 8601. */
    snoozedUntil?: string;
  } | null;
}

/** Message that the simulated routes would have sent. */
export interface SimulatedMessage {
  atMs: number;
  receiver: string;
  route: string;
  groupKey: string;
  channel: Integration['kind'];
  /** `edit`: the channel shows the current state, and the message only updates what it shows. */
  kind: 'news' | 'reminder' | 'edit';
  /** Why it did not go out at once. */
  heldFor: 'group' | 'summary' | 'storm' | 'muted' | 'silenced' | 'inhibited' | null;
  alerts: number;
  /** Number of separate messages that this one merges. */
  together: number;
}

/** Message that would have been delayed or dropped. */
export interface DelayedMessage {
  receiver: string;
  route: string;
  why: NonNullable<SimulatedMessage['heldFor']>;
  /**
   * `sent`: sent later or merged with others; `over`: ended before it was sent; `waits`: still held
   * at the end.
   */
  outcome: 'sent' | 'over' | 'waits';
}
