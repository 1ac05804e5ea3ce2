import type { Severity } from '@tidewaiter/domain';
import type { AboutDelivery, IncidentContext, IncidentRevision, StoredIncident } from '@tidewaiter/store';

/** Entry of the timeline of an incident. */
export interface TimelineEntry {
  /** ISO 8601. */
  at: string;
  kind: 'push' | 'step' | 'state' | 'comment' | 'message';
  title: string;
  detail: string | null;
  severity: Severity | null;
}

/**
 * Builds the timeline of an incident from the push of its image to the last message, in order of
 * time.
 */
export function incidentTimeline(
  incident: StoredIncident,
  revisions: readonly IncidentRevision[],
  { image }: IncidentContext,
  deliveries: readonly AboutDelivery[],
): TimelineEntry[] {
  const entries = [
    ...(image === null ? [] : [pushEntry(image)]),
    ...incident.steps.map(stepEntry),
    // Updates are left out: their steps are entries already.
    ...revisions.filter(({ kind }) => kind !== 'updated').map(stateEntry),
    ...deliveries.map(messageEntry),
  ];
  const timeOf = ({ at }: TimelineEntry) => Date.parse(at) || 0;
  return entries.toSorted((a, b) => timeOf(a) - timeOf(b));
}

function pushEntry({ push }: NonNullable<IncidentContext['image']>): TimelineEntry {
  const { repository, tag, pushedBy } = push;
  return {
    at: (push.pushedAt ?? push.receivedAt).toISOString(),
    kind: 'push',
    title: `${tag === null ? repository : `${repository}:${tag}`} pushed`,
    detail: pushedBy === null ? null : `by ${pushedBy}`,
    severity: null,
  };
}

function stepEntry({ at, title, technique, stage, severity, events }: StoredIncident['steps'][number]): TimelineEntry {
  const count = events.length > 1 ? `${events.length} events` : null;
  return { at, kind: 'step', title, detail: [technique, stage, count].filter(Boolean).join(' · ') || null, severity };
}

const stateTitles = {
  opened: 'Incident opened',
  updated: 'Incident grew',
  acknowledged: 'Incident acknowledged',
  assigned: 'Incident assigned',
  snoozed: 'Incident snoozed',
  unsnoozed: 'Snooze ended',
  commented: 'Comment',
  containment: 'Containment',
  worsened: 'Incident became worse',
  reopened: 'Incident opened again',
  resolved: 'Incident resolved',
  merged: 'Incident merged into another one',
} as const;

function stateEntry({ at, kind, actor, news, severity, comment }: IncidentRevision): TimelineEntry {
  if (kind === 'commented') {
    const title = `Comment by ${actor ?? 'a user'}`;
    return { at: at.toISOString(), kind: 'comment', title, detail: comment, severity: null };
  }
  // The news of the opening are its steps, which are entries already.
  const texts = kind === 'opened' ? [] : news;
  const detail = [actor && `by ${actor}`, ...texts, comment].filter(Boolean).join(' · ');
  return { at: at.toISOString(), kind: 'state', title: stateTitles[kind], detail: detail || null, severity };
}

function messageEntry({ receiver, channel, state, createdAt, finishedAt, reason }: AboutDelivery): TimelineEntry {
  const words = { sent: 'notified', failed: 'notification failed', superseded: 'superseded by a later message' };
  const word = state in words ? words[state as keyof typeof words] : 'waiting';
  return {
    at: (finishedAt ?? createdAt).toISOString(),
    kind: 'message',
    title: `${receiver} ${word}`,
    detail: [channel, reason].filter(Boolean).join(' · '),
    severity: null,
  };
}
