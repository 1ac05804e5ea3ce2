import { watchedLists } from '@tidewaiter/domain';

/** First parts of the keys of queries that an event makes stale. */
const topics = {
  'registry.pushed': ['pushes', 'repositories', 'status'],
  'registry.deleted': ['pushes', 'repositories'],
  'pipeline.reported': ['images'],
  'image.analyzed': ['pushes', 'repositories', 'images', 'vulnerabilities', 'fixes', 'status'],
  'image.reexamined': ['pushes', 'repositories', 'images', 'vulnerabilities', 'fixes'],
  'image.failed': ['pushes', 'repositories', 'status', 'dead-letters'],
  'tag.moved': ['pushes', 'repositories', 'images'],
  'advisory.changed': ['status'],
  'finding.opened': ['vulnerabilities', 'fixes', 'images'],
  'finding.resolved': ['vulnerabilities', 'fixes', 'images'],
  'incident.opened': ['incidents'],
  'incident.updated': ['incidents'],
  'incident.resolved': ['incidents'],
  'sensor.silenced': ['status'],
  'sensor.recovered': ['status'],
  'notification.delivered': ['deliveries', 'receivers', 'incidents'],
  'notification.failed': ['deliveries', 'receivers', 'incidents'],
} as const satisfies Record<string, readonly string[]>;

export const eventTypes = Object.keys(topics);

export const listChanged = 'list.changed';

/** Topics of an event; all for a `reset`, which stands for events that were missed. */
export function topicsOf(type: string, subject?: string): readonly string[] {
  if (type === 'reset') return [...new Set([...Object.values(topics).flat(), ...watchedLists])];
  if (type === listChanged) return watchedLists.filter((list) => list === subject);
  return Object.hasOwn(topics, type) ? topics[type as keyof typeof topics] : [];
}

/** Topics of which every change is an event; others are polled beside the stream. */
const followed: ReadonlySet<string> = new Set([
  'incidents',
  'pushes',
  'repositories',
  'images',
  'vulnerabilities',
  'fixes',
]);
const watched: ReadonlySet<string> = new Set(watchedLists);

/** @param isLimited whether the user is limited: the changes of lists are not sent to those */
export function isFollowed(topic: unknown, isLimited: boolean): boolean {
  return followed.has(String(topic)) || (!isLimited && watched.has(String(topic)));
}
