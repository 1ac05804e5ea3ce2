import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import type { JsonValue, Observation, ObservedRequest } from '@tidewaiter/domain';

const maxObjects = 50_000;
/** Time for which an object counts as the identity's own: a test stack lives no longer. */
const ownMs = 24 * 60 * 60_000;

const creating = /^(?:Create|Run|Register|Allocate|Import|Copy)/;
const removing = /^(?:Delete|Deregister|Disable|Remove|Schedule|Stop|Terminate)/;
/** Members that name an object; the last snapshot of a database is another object than the one meant. */
const naming = /^(?!final).*(?:name|id|identifier|arn)s?(?:Set)?$/i;
/** Members of lists in the answers of EC2. */
const inList = /^(?:items?|content|member)$/;

/** Objects of a cloud by the identity that created them, from its audit log. */
export class OwnObjects {
  /** Time of the creation. */
  readonly #created = new RecentMap<number>(maxObjects);

  note({ source, request, native, timeMs }: Observation): void {
    if (source !== 'cloudtrail' || !request?.succeeded || !creating.test(request.verb ?? '')) return;
    const names = [...namesIn(native['requestParameters']), ...namesIn(native['responseElements'])];
    for (const name of names) this.#created.set(key(request, name), timeMs);
  }

  /**
   * Whether the caller itself has created, within a day, all that a request removes; undefined where
   * it names nothing, and for other requests.
   */
  isOwn({ source, request, native, timeMs }: Observation): boolean | undefined {
    if (source !== 'cloudtrail' || !removing.test(request?.verb ?? '')) return undefined;
    const names = [...namesIn(native['requestParameters'])];
    if (names.length === 0) return undefined;
    return names.every((name) => timeMs - (this.#created.get(key(request!, name)) ?? -Infinity) <= ownMs);
  }

  snapshot(): PersistedMap<number> {
    return this.#created.snapshot();
  }

  restore(created: PersistedMap<number>): void {
    this.#created.restore(created);
  }
}

/** Names and ids of a request or an answer, at any depth. */
function* namesIn(value: JsonValue | undefined, member = ''): Iterable<string> {
  if (typeof value === 'string') {
    if (naming.test(member)) yield value;
  } else if (value !== null && typeof value === 'object') {
    for (const [name, each] of Object.entries(value)) {
      yield* namesIn(each, Array.isArray(value) || inList.test(name) ? member : name);
    }
  }
}

function key({ user, namespace, resource }: ObservedRequest, name: string): string {
  // Each session of a role has a name of its own.
  const identity = user?.replace(/(:assumed-role\/[^/]+)\/.*$/, '$1');
  return [identity, namespace, resource, name].join('\n');
}
