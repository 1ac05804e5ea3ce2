import { createHash } from 'node:crypto';

import type { Digest, Priority, RuntimeEvent, Severity } from '@tidewaiter/domain';

import { type ImageReference, imageReferenceOf } from './image-reference.js';
import { incidentTitle } from './incident-title.js';

/** An image that we hold. */
export interface KnownImage {
  digest: Digest;
}

/** What an event says of the incident that it belongs to. */
export interface Sighting {
  rule: string;
  /** What the incident is about: a JSON array of what kind of thing it is, which one, its namespace and its cluster. */
  subjectKey: string;
  title: string;
  severity: Severity;
  /** With the registry's host: `docker.io/library/nginx`. */
  imageRepository: string | null;
  imageTag: string | null;
  /** Null where we do not hold the image, whatever the sensor says of its digest. */
  imageDigest: Digest | null;
  namespace: string | null;
  cluster: string | null;
  event: RuntimeEvent;
}

const severityByPriority: Record<Priority, Severity | null> = {
  emergency: 'critical',
  alert: 'critical',
  critical: 'critical',
  error: 'high',
  warning: 'medium',
  notice: null,
  informational: null,
  debug: null,
};

/** How bad an event of this priority is; null when it does not make an incident. */
export function severityOf(priority: Priority): Severity | null {
  return severityByPriority[priority];
}

/** Judges an event by its priority, beside the image that its container runs, where we hold it; null below `warning`. */
export function sightingOf(event: RuntimeEvent, image: KnownImage | null): Sighting | null {
  const severity = severityOf(event.priority);
  if (severity === null) return null;
  const reference = event.container && imageReferenceOf(event.container);
  const imageRepository = reference?.host ? `${reference.host}/${reference.repository}` : null;
  return {
    rule: event.rule,
    subjectKey: subjectKey(event, reference),
    title: incidentTitle(event, reference),
    severity,
    imageRepository,
    imageTag: reference?.tag ?? null,
    imageDigest: image?.digest ?? null,
    namespace: event.kubernetes?.namespace ?? null,
    cluster: event.cluster,
    event,
  };
}

/** The store indexes the key beside the rule's name, and PostgreSQL has 2,704 bytes for both. */
const maxKeyBytes = 1024;

function subjectKey(event: RuntimeEvent, reference: ImageReference | null): string {
  const thing = subject(event, reference);
  const key = JSON.stringify([...thing, event.kubernetes?.namespace ?? null, event.cluster]);
  if (Buffer.byteLength(key) <= maxKeyBytes) return key;
  return JSON.stringify(['sha256', createHash('sha256').update(key).digest('hex')]);
}

/** The kind goes first, so that no name of one kind can pass for another. */
function subject({ container, kubernetes, host }: RuntimeEvent, reference: ImageReference | null): (string | null)[] {
  if (container === null || reference === null) {
    // Audit events of Kubernetes have no container, and their host is the one of the sensor that read them.
    return kubernetes?.pod ? ['pod', kubernetes.pod] : ['host', host];
  }
  // As the sensor names it, whatever we know of it: what its tag points to changes with every push, and the incident stays the same.
  if (reference.digest !== null) return ['image', reference.digest];
  if (reference.host !== null) return ['image', `${reference.host}/${reference.repository}`, reference.tag];
  // All containers of unknown images together would hide one behind the other.
  return ['container', container.id ?? container.name];
}
