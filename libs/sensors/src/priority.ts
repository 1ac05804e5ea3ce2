import { type JsonValue, priorities, type Priority } from '@tidewaiter/domain';

const words: ReadonlyMap<string, Priority> = new Map([
  ...priorities.map((priority) => [priority, priority] as const),
  ['info', 'informational'],
  ['warn', 'warning'],
  ['low', 'notice'],
  ['medium', 'warning'],
  ['high', 'critical'],
]);

/**
 * Its case varies between producers. What we do not know neither wakes anybody nor hides:
 * `warning`.
 */
export function readPriority(value: JsonValue | undefined): Priority {
  return (typeof value === 'string' ? words.get(value.toLowerCase()) : undefined) ?? 'warning';
}
