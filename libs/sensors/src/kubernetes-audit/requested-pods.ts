import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import { isObject, list, object, text, texts } from '../json.js';

/** The specification of the pods that a request asks for: its own, a template's, or a template's of a template. */
function podSpecOf(event: JsonObject): JsonObject {
  const spec = object(object(event['requestObject'])['spec']);
  const template = object(object(spec['template'])['spec']);
  const jobTemplate = object(object(object(object(spec['jobTemplate'])['spec'])['template'])['spec']);
  return [jobTemplate, template].find((each) => 'containers' in each || 'volumes' in each) ?? spec;
}

/** Init and ephemeral containers are containers too. */
function containersOf(event: JsonObject): JsonObject[] {
  const spec = podSpecOf(event);
  const lists: (JsonValue | undefined)[] = [spec['containers'], spec['initContainers'], spec['ephemeralContainers']];
  return lists.flatMap((each) => list(each).filter(isObject));
}

/** Paths of the node that the pods would see. */
export function hostPathsOf(event: JsonObject): string[] {
  const volumes = list(podSpecOf(event)['volumes']);
  return volumes.flatMap((volume) => text(object(object(volume)['hostPath'])['path']) ?? []);
}

/** Of all containers; one that is privileged has them all, and says so. */
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

/** What each container would start, where the request says so. */
export function commandsOf(event: JsonObject): string[] {
  const commands = containersOf(event).map(({ command, args }) => [...texts(command), ...texts(args)].join(' '));
  return commands.filter((command) => command !== '');
}

/** `hostPID`, `hostNetwork`, `hostIPC`: those that the pods would share with the node. */
export function hostNamespacesOf(event: JsonObject): string[] {
  const spec = podSpecOf(event);
  return ['hostPID', 'hostNetwork', 'hostIPC'].filter((name) => spec[name] === true);
}
