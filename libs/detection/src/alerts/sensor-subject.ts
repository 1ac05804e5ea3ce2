import { createHash } from 'node:crypto';

import { cut, type Observation } from '@tidewaiter/domain';

import { containerKey } from '../events/container-key.js';
import { type ContainerImage, imageReferenceOf } from '../events/image-reference.js';
import type { AlertContext } from './alert.js';

const maxRuleChars = 120;
const maxSubjectChars = 160;
const maxNamespaceChars = 63;

/**
 * Title of a sensor's own evaluation, with its place: `Terminal shell in container: shop/app:1 in
 * namespace shop`. `place` has the known facts about the container, for a sensor that did not name
 * its image or its pod.
 */
export function sensorTitle(
  observation: Observation,
  place: Pick<AlertContext, 'image' | 'imageDigest' | 'namespace'>,
): string {
  const { alert, pod, container } = observation;
  const namespace = pod?.namespace ?? (container && place.namespace);
  const where = namespace ? ` in namespace ${visible(namespace, maxNamespaceChars)}` : '';
  const reference = container && imageReferenceOf(container);
  const isNamed = reference === null || reference.repository !== null || reference.digest !== null;
  const subject = isNamed ? null : (place.image ?? (place.imageDigest && imageText(place.imageDigest)));
  const text = subject ?? subjectText(observation, reference);
  return `${visible(alert!.rule, maxRuleChars)}: ${visible(text, maxSubjectChars)}${where}`;
}

function imageText(digest: string): string {
  return `image ${digest.slice(0, 'sha256:'.length + 12)}`;
}

function subjectText({ container, pod, node }: Observation, reference: ContainerImage | null): string {
  if (container === null || reference === null) {
    if (pod?.name) return `pod ${pod.name}`;
    return node === null ? 'a host that is not named' : `host ${node}`;
  }
  const { digest, repository, tag } = reference;
  if (repository !== null) return `${reference.host}/${repository}${tag === null ? '' : `:${tag}`}`;
  if (digest !== null) return imageText(digest);
  const name = container.id ?? container.name;
  return name === null ? 'a container of an unknown image' : `container ${name} of an unknown image`;
}

/** Limit on keys: the store indexes them, and PostgreSQL has 2,704 bytes for a row of an index. */
const maxKeyBytes = 1024;

/**
 * Key of a sensor alert's subject: one incident for each rule and subject if there is no other
 * evidence. A JSON array of the rule, the kind of subject, its name, its namespace and its cluster.
 */
export function subjectKey(observation: Observation): string {
  const { alert, pod, cluster } = observation;
  const key = JSON.stringify([alert!.rule, ...subject(observation), pod?.namespace ?? null, cluster]);
  if (Buffer.byteLength(key) <= maxKeyBytes) return key;
  return JSON.stringify(['sha256', createHash('sha256').update(key).digest('hex')]);
}

/**
 * Subject by container: all evaluations of one container are one incident, even if only some
 * sensors know its image.
 */
export function containerSubject(observation: Observation): string | null {
  const key = containerKey(observation);
  return key === null ? null : JSON.stringify(['container', key]);
}

/**
 * Kind and name of the subject. The kind goes first, so that names of different kinds cannot
 * collide.
 */
function subject({ container, pod, node }: Observation): (string | null)[] {
  // Audit events of Kubernetes have no container, and their node is that of the sensor that read
  // them.
  if (container === null) return pod?.name ? ['pod', pod.name] : ['host', node];
  const reference = imageReferenceOf(container);
  // By the sensor's name alone: the digest behind a tag changes with every push, and the incident
  // must stay the same.
  if (reference.digest !== null) return ['image', reference.digest];
  if (reference.host !== null) return ['image', `${reference.host}/${reference.repository}`, reference.tag];
  // A common subject for all unknown images would hide one container behind another.
  return ['container', containerKey({ cluster: null, container }) ?? container.name];
}

// Control characters, directional overrides and zero-width characters can disguise or hide text.
const blank = /[\s\p{Cc}]+/gu;
const invisible = /[\p{Cf}\p{Co}]/gu;

/**
 * Reduces text to one line without control and direction characters, of at most `maxChars` UTF-16
 * units.
 */
function visible(text: string, maxChars: number): string {
  return cut(text.toWellFormed().replace(blank, ' ').replace(invisible, '').trim(), maxChars);
}
