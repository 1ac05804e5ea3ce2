import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import { isObject, list, object } from '../json.js';
import { readTime } from '../times.js';

/**
 * A watch gives its events no time; the latest that the object itself knows is when it became what
 * it is.
 */
export function latestTimeIn(watched: JsonObject): string | null {
  const metadata = object(watched['metadata']);
  const status = object(watched['status']);
  const times = [metadata['creationTimestamp'], metadata['deletionTimestamp'], status['startTime']];
  for (const condition of list(status['conditions'])) times.push(object(condition)['lastTransitionTime']);
  for (const name of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']) {
    for (const container of list(status[name])) times.push(...timesOfStates(object(container)));
  }
  // All are in UTC, so that they sort as text.
  return times.map(readTime).reduce(later, null);
}

function timesOfStates(container: JsonObject): (JsonValue | undefined)[] {
  const states = [container['state'], container['lastState']].flatMap((each) => Object.values(object(each)));
  return states.filter(isObject).flatMap(({ startedAt, finishedAt }) => [startedAt, finishedAt]);
}

function later(a: string | null, b: string | null): string | null {
  return a === null || (b !== null && b > a) ? b : a;
}
