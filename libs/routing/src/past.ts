import type { Labels } from '@tidewaiter/domain';

import type { Integration } from './receivers/receiver.js';

/** An alert as it was at a moment. */
export interface PastAlert {
  identity: string;
  labels: Labels;
  status: 'firing' | 'resolved';
}

/** Something that there was to tell at a moment. */
export interface PastEvent {
  /** Milliseconds since 1970; events come in the order of their times. */
  atMs: number;
  alerts: readonly PastAlert[];
  /** Of an event that tells a state of an incident; for everybody, or for those alone who follow it. */
  state: { subject: string; isForAll: boolean; isAcknowledged: boolean } | null;
}

/** A message that would have gone out. */
export interface SimulatedMessage {
  atMs: number;
  receiver: string;
  route: string;
  groupKey: string;
  channel: Integration['kind'];
  /** `edit`: the channel shows how something stands, and only changes what it shows. */
  kind: 'news' | 'reminder' | 'edit';
  /** Why it did not go out at once. */
  heldFor: 'group' | 'digest' | 'storm' | 'muted' | 'silenced' | 'inhibited' | null;
  alerts: number;
  /** What would have been messages of their own, had they not come together. */
  together: number;
}

/** Something that would have waited, or not have been told at all. */
export interface HeldBack {
  receiver: string;
  route: string;
  why: NonNullable<SimulatedMessage['heldFor']>;
  /** `told` with others or later; `over` before anybody was told; `waits` still at the end. */
  outcome: 'told' | 'over' | 'waits';
}
