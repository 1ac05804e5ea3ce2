import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import type { JsonObject, JsonValue, Observation, ObservedRequest } from '@tidewaiter/domain';

const maxObjects = 50_000;
/** Time for which an object counts as the identity's own: a test stack lives no longer. */
const ownMs = 24 * 60 * 60_000;

const creating = /^(?:Create|Run|Register|Allocate|Import|Copy|Restore)/;
/** Not of keys: with one, all that it has encrypted is lost. */
const removing = /^(?:Delete|Deregister|Remove|Stop|Terminate)/;
/** Members that name an object. The last snapshot of a database is another object. */
const naming = /^(?!final).*(?:name|id|identifier|arn)s?(?:Set)?$/i;
const namingAlone = /^(?:name|id|identifier|arn)$/i;
/** Members of lists in the answers of EC2. */
const inList = /^(?:items?|content|member)$/;

/** Objects of a cloud by the identity that created them, from its audit log. */
export class OwnObjects {
  /** Time of the creation. */
  readonly #created = new RecentMap<number>(maxObjects);

  note({ source, request, native, timeMs }: Observation): void {
    if (source !== 'cloudtrail' || !request?.succeeded || !creating.test(request.verb ?? '')) return;
    const kind = kindOf(request.verb!, creating);
    // A snapshot also names what it is of, a copy its source.
    const isOfKind = (member: string) => namingAlone.test(member) || member.toLowerCase().startsWith(kind);
    for (const { member, name } of [...namesIn(native['requestParameters']), ...namesIn(native['responseElements'])])
      if (isOfKind(member)) this.#created.set(key(request, native, kind, name), timeMs);
  }

  /**
   * Whether the caller itself has created, within a day, all that a request removes; undefined
   * where it names nothing, and for other requests.
   */
  isOwn({ source, request, native, timeMs }: Observation): boolean | undefined {
    if (source !== 'cloudtrail' || !removing.test(request?.verb ?? '')) return undefined;
    const names = [...namesIn(native['requestParameters'])];
    if (names.length === 0) return undefined;
    const kind = kindOf(request!.verb!, removing);
    return names.every(
      ({ name }) => timeMs - (this.#created.get(key(request!, native, kind, name)) ?? -Infinity) <= ownMs,
    );
  }

  snapshot(): PersistedMap<number> {
    return this.#created.snapshot();
  }

  restore(created: PersistedMap<number>): void {
    this.#created.restore(created);
  }
}

/**
 * Kind of the object that a verb is about: `flowlog` of `DeleteFlowLogs`, `dbinstance` of
 * `RestoreDBInstanceFromDBSnapshot`.
 */
function kindOf(verb: string, prefix: RegExp): string {
  return verb
    .replace(prefix, '')
    .replace(/(?:From|ToPointInTime).*$/, '')
    .replace(/s$/, '')
    .toLowerCase();
}

/** Names and ids of a request or an answer, at any depth. */
function* namesIn(value: JsonValue | undefined, member = ''): Iterable<{ member: string; name: string }> {
  if (typeof value === 'string') {
    if (naming.test(member)) yield { member, name: value };
  } else if (value !== null && typeof value === 'object') {
    for (const [name, each] of Object.entries(value)) {
      yield* namesIn(each, Array.isArray(value) || inList.test(name) ? member : name);
    }
  }
}

function key({ user, namespace, resource }: ObservedRequest, native: JsonObject, kind: string, name: string): string {
  // Each session of a role has a name of its own.
  const identity = user?.replace(/(:assumed-role\/[^/]+)\/.*$/, '$1');
  return JSON.stringify([identity, namespace, resource, native['awsRegion'], kind, name]);
}
