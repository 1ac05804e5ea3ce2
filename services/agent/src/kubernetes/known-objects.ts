import type { JsonObject } from '@tidewaiter/domain';
import { z } from 'zod';

import type { WatchedResource } from './resources.js';

/** An object that the API server had. */
interface KnownObject {
  resourceVersion: string;
  /** `shop/web-0` */
  place: string;
  /** The object as JSON, reduced to the members that its deletion needs. */
  remains: string;
}

/** A deletion that happened while nothing was watched. */
interface MissedDeletion {
  uid: string;
  place: string;
  remains: string;
}

const snapshot = z.object({
  resourceVersion: z.string(),
  resyncDueMs: z.number(),
  objects: z.array(z.tuple([z.string(), z.string(), z.string(), z.string()])),
});

type KnownSnapshot = z.output<typeof snapshot>;

/** Versions from which watches continue. */
type WatchPlace = Omit<KnownSnapshot, 'objects'>;

/**
 * Objects of a resource by their uid, so that a list shows which ones have changed and which ones
 * are gone.
 */
export class KnownObjects {
  readonly #objects = new Map<string, KnownObject>();

  constructor(private readonly resource: WatchedResource) {}

  get size(): number {
    return this.#objects.size;
  }

  /** Notes an event; false where the object has no identity. */
  note(type: string, object: JsonObject): boolean {
    const { uid, resourceVersion, place } = identityOf(object);
    if (uid === null) return false;
    if (type === 'DELETED') this.#objects.delete(uid);
    else this.#objects.set(uid, { resourceVersion, place, remains: JSON.stringify(remainsOf(this.resource, object)) });
    return true;
  }

  /** Whether this is the state that is known. */
  has(object: JsonObject): boolean {
    const { uid, resourceVersion } = identityOf(object);
    return uid !== null && this.#objects.get(uid)?.resourceVersion === resourceVersion;
  }

  /** Objects that a complete list lacks. */
  missing(listedUids: ReadonlySet<string>): MissedDeletion[] {
    return [...this.#objects].flatMap(([uid, { place, remains }]) =>
      listedUids.has(uid) ? [] : [{ uid, place, remains }],
    );
  }

  /** Uids by the places of the objects. */
  uids(): Map<string, string> {
    return new Map([...this.#objects].map(([uid, { place }]) => [place, uid]));
  }

  forget(uid: string): void {
    this.#objects.delete(uid);
  }

  toSnapshot(place: WatchPlace): KnownSnapshot {
    const objects = [...this.#objects].map(([uid, each]): [string, string, string, string] => [
      uid,
      each.resourceVersion,
      each.place,
      each.remains,
    ]);
    return { ...place, objects };
  }

  /** Takes the objects of a snapshot; returns its place, null for none or a damaged one. */
  restore(value: unknown): WatchPlace | null {
    const read = snapshot.safeParse(value);
    if (!read.success) return null;
    const { objects, ...found } = read.data;
    for (const [uid, resourceVersion, place, remains] of objects)
      this.#objects.set(uid, { resourceVersion, place, remains });
    return found;
  }
}

interface ObjectIdentity {
  uid: string | null;
  resourceVersion: string;
  place: string;
  /** ISO 8601; empty where the object has none. */
  createdAt: string;
}

/** Identity of an object of the API; `uid` is null without one. */
export function identityOf(object: JsonObject): ObjectIdentity {
  const { uid, resourceVersion, namespace, name, creationTimestamp } = metadataOf(object);
  return {
    uid: typeof uid === 'string' ? uid : null,
    resourceVersion: textOf(resourceVersion),
    place: `${textOf(namespace)}/${textOf(name)}`,
    createdAt: textOf(creationTimestamp),
  };
}

/**
 * The event of a deletion that was missed. At the latest it happened when an object of the same
 * name was created, else only that it happened by now is known.
 */
export function deletionEvent({ remains }: MissedDeletion, replacedAt: string | undefined, now: string): string {
  const object = JSON.parse(remains) as { metadata: JsonObject };
  const deletionTimestamp = replacedAt !== undefined && replacedAt < now ? replacedAt : now;
  return `${JSON.stringify({
    type: 'DELETED',
    object: { ...object, metadata: { ...object.metadata, deletionTimestamp } },
  })}\n`;
}

/** Place in the process tree and owners; nothing that takes much room. */
function remainsOf({ apiVersion, kind }: WatchedResource, object: JsonObject): JsonObject {
  const { name, namespace, uid, resourceVersion, labels, ownerReferences } = metadataOf(object);
  const { nodeName, serviceAccountName } = recordOf(object['spec']);
  return {
    apiVersion,
    kind,
    metadata: { name, namespace, uid, resourceVersion, labels, ownerReferences } as JsonObject,
    ...(kind === 'Pod' && { spec: { nodeName, serviceAccountName } as JsonObject }),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function metadataOf(object: JsonObject): JsonObject {
  return recordOf(object['metadata']);
}

function recordOf(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
