import { isDigest, type JsonObject, type Observation } from '@tidewaiter/domain';

import type { Authority } from './attributed.js';
import { type Claims, containerIdOf, noClaims, type PodName } from './claims.js';
import { claimsOfRuntime } from './cri-claims.js';
import type { ContainerImageName } from './image-id.js';
import { isObject, objectAt, textAt } from './json.js';
import { claimsOfObject } from './kubernetes-claims.js';

/** Extracts the claims about containers from an event of any kind. */
export function claimsOf(observation: Observation): Claims {
  const { source, native, cluster, node, seenAt } = observation;
  const atMs = Math.floor(observation.timeMs);
  if (source === 'kubernetes-watch') {
    const object = isObject(native.object) ? native.object : native;
    const claims = claimsOfObject(object, { by: 'watch', atMs, cluster, isGone: native.type === 'DELETED' });
    const seenMs = Date.parse(seenAt ?? '');
    return Number.isNaN(seenMs) ? claims : { ...claims, seenMs };
  }
  if (source === 'kubernetes-audit') return claimsOfAudit(observation, atMs);
  if (source === 'cri') return claimsOfRuntime(native, { atMs, cluster, node });
  return claimsOfSensor(observation, atMs);
}

const auditedKinds: Readonly<Record<string, string>> = {
  pods: 'Pod',
  namespaces: 'Namespace',
  services: 'Service',
  ingresses: 'Ingress',
};

/**
 * Claims from objects in the response or request of the API server, which are only present if the
 * audit level includes bodies.
 */
function claimsOfAudit({ native, cluster, request }: Observation, atMs: number): Claims {
  const reference = objectAt(native, 'objectRef');
  const resource = textAt(reference, 'resource') ?? '';
  const kind = Object.hasOwn(auditedKinds, resource) ? auditedKinds[resource] : undefined;
  const verb = textAt(native, 'verb');
  if (kind === undefined || !request?.succeeded || textAt(reference, 'subresource') !== null)
    return noClaims('audit', atMs);
  if (verb !== 'create' && verb !== 'update' && verb !== 'patch' && verb !== 'delete') return noClaims('audit', atMs);
  const isGone = verb === 'delete';
  const answer = objectAt(native, 'responseObject');
  const given = isGone || verb === 'patch' ? {} : objectAt(native, 'requestObject');
  const body: JsonObject = answer.kind === kind ? answer : given;
  const metadata = {
    ...objectAt(body, 'metadata'),
    ...namedIn(reference, kind),
  };
  return claimsOfObject({ ...body, kind, metadata }, { by: 'audit', atMs, cluster, isGone });
}

function namedIn(reference: JsonObject, kind: string): JsonObject {
  const [name, namespace] = [textAt(reference, 'name'), textAt(reference, 'namespace')];
  return { ...(name !== null && { name }), ...(namespace !== null && kind !== 'Namespace' && { namespace }) };
}

function claimsOfSensor({ source, native, cluster, node, container, pod }: Observation, atMs: number): Claims {
  const by: Authority = source === 'falco' ? 'falco' : 'sensor';
  const claims = noClaims(by, atMs);
  const place: PodName | null =
    pod?.namespace && pod.name ? { cluster, namespace: pod.namespace, name: pod.name } : null;
  const id = containerIdOf(container?.id);
  if (container && id !== null) {
    claims.containers.push({
      ...{ id, pod: place, cluster, node, name: container.name, kind: null },
      images: imagesOf(container),
      privileged: privilegedOf(native),
      overrides: null,
      startedAtMs: container.startedAt === null ? null : orNull(Date.parse(container.startedAt)),
      endedAtMs: null,
    });
  }
  if (pod && place) {
    const { uid, serviceAccount } = pod;
    const unknownFields = { labels: null, privileged: null, probes: [], endedAtMs: null };
    const workload = pod.workload && pod.workloadKind ? { kind: pod.workloadKind, name: pod.workload } : null;
    claims.pods.push({ ...place, uid, node, serviceAccount, workload, ...unknownFields });
  }
  const architecture = textAt(objectAt(native, 'node_labels'), 'kubernetes.io/arch');
  if (node !== null && architecture !== null) claims.nodes.push({ cluster, node, platform: `linux/${architecture}` });
  return claims;
}

function imagesOf({
  imageRepository,
  imageTag,
  imageDigest,
}: NonNullable<Observation['container']>): ContainerImageName[] {
  const digest = isDigest(imageDigest) ? imageDigest : null;
  return imageRepository === null && digest === null ? [] : [{ repository: imageRepository, tag: imageTag, digest }];
}

/** Reads the privileged flag as Falco or Tetragon reports it. */
function privilegedOf(native: JsonObject): boolean | null {
  const [first] = Object.values(native).filter((value) => isObject(value) && isObject(value.process));
  const security = objectAt(first, 'process', 'pod', 'container', 'security_context').privileged;
  const field = objectAt(native, 'output_fields')['container.privileged'];
  for (const value of [field, security]) if (typeof value === 'boolean') return value;
  return null;
}

function orNull(timeMs: number): number | null {
  return Number.isNaN(timeMs) ? null : timeMs;
}
