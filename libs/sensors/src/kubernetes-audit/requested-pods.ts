import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import { isObject, list, object, text, texts } from '../json.js';
import { objectOfPatch } from './json-patch.js';

/** Pod specification of a request: its own, a template's, or a template's of a template. */
function podSpecOf(event: JsonObject): JsonObject {
  const spec = object(requested(event)['spec']);
  const template = object(object(spec['template'])['spec']);
  const jobTemplate = object(object(object(object(spec['jobTemplate'])['spec'])['template'])['spec']);
  return [jobTemplate, template].find((each) => Object.keys(each).length > 0) ?? spec;
}

/**
 * The object of a request; for a patch the changed parts, also where it is a list of operations.
 */
function requested({ requestObject }: JsonObject): JsonObject {
  return Array.isArray(requestObject) ? objectOfPatch(requestObject) : object(requestObject);
}

/** Limit on the objects of a custom resource that are searched for parts of pods. */
const maxParts = 2_000;

/** Parts by event: several fields of an event ask for them. */
const knownParts = new WeakMap<JsonObject, JsonObject[] | null>();

/**
 * Parts of the specification of a custom resource; null for a kind of the API server itself.
 * Workflows, pipelines and operators hold pods in places of their own, also several:
 * `templates[].container`, `taskSpec.steps[]`, `podTemplate.spec`.
 */
function customPartsOf(event: JsonObject): JsonObject[] | null {
  let parts = knownParts.get(event);
  if (parts === undefined) knownParts.set(event, (parts = findCustomParts(event)));
  return parts;
}

function findCustomParts(event: JsonObject): JsonObject[] | null {
  const group = text(object(event['objectRef'])['apiGroup']);
  // Groups of the API server have no domain, or are known to hold no pods.
  if (!group?.includes('.') || group.endsWith('.k8s.io')) return null;
  const parts: JsonValue[] = [object(requested(event)['spec'])];
  for (let at = 0; at < parts.length && parts.length < maxParts; at += 1) {
    const part = parts[at]!;
    if (Array.isArray(part)) parts.push(...part.slice(0, maxParts));
    else if (isObject(part)) parts.push(...Object.values(part));
  }
  return parts.filter(isObject);
}

/** Init and ephemeral containers are containers too. A patch may leave out the image. */
function containersOf(event: JsonObject): JsonObject[] {
  const parts = customPartsOf(event);
  if (parts) return parts.filter(({ image, securityContext }) => text(image) !== null || isObject(securityContext));
  const spec = podSpecOf(event);
  const lists: (JsonValue | undefined)[] = [spec['containers'], spec['initContainers'], spec['ephemeralContainers']];
  return lists.flatMap((each) => list(each).filter(isObject));
}

/** Paths of the node that the pods would mount. */
export function hostPathsOf(event: JsonObject): string[] {
  const volumes = customPartsOf(event) ?? list(podSpecOf(event)['volumes']);
  return volumes.flatMap((volume) => text(object(object(volume)['hostPath'])['path']) ?? []);
}

/**
 * Added capabilities of all containers; a privileged one has them all, shown as `ALL(privileged)`.
 */
export function capabilitiesOf(event: JsonObject): string[] {
  return containersOf(event).flatMap((container) => {
    const context = object(container['securityContext']);
    const added = texts(object(context['capabilities'])['add']);
    return context['privileged'] === true ? [...added, 'ALL(privileged)'] : added;
  });
}

export function imagesOf(event: JsonObject): string[] {
  return containersOf(event).flatMap((container) => text(container['image']) ?? []);
}

/** Command and arguments of each container, where the request sets them. */
export function commandsOf(event: JsonObject): string[] {
  const commands = containersOf(event).map(({ command, args }) => [...texts(command), ...texts(args)].join(' '));
  return commands.filter((command) => command !== '');
}

/** Namespaces that the pods would share with the node: `hostPID`, `hostNetwork`, `hostIPC`. */
export function hostNamespacesOf(event: JsonObject): string[] {
  const specs = customPartsOf(event) ?? [podSpecOf(event)];
  return ['hostPID', 'hostNetwork', 'hostIPC'].filter((name) => specs.some((spec) => spec[name] === true));
}
