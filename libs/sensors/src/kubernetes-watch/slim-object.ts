import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import { isObject, list, object } from '../json.js';
import { slimMetadata } from '../kubernetes-audit/secret-values.js';

/**
 * Removes members that are unused or must not be stored: `managedFields`, the copies that
 * `kubectl apply` leaves, the values of environment variables, which are often passwords, and the
 * data of Secrets and ConfigMaps.
 */
export function slimObject(watched: JsonObject): JsonObject {
  const kept: JsonObject = { ...watched };
  if (isObject(kept['metadata'])) kept['metadata'] = slimMetadata(kept['metadata']);
  for (const member of ['data', 'stringData', 'binaryData']) delete kept[member];
  if (isObject(kept['spec'])) kept['spec'] = slimSpec(kept['spec'], 3);
  return kept;
}

/** Slims the specification of a pod, or of an object with pod templates. */
function slimSpec(spec: JsonObject, levelsLeft: number): JsonObject {
  const kept: JsonObject = { ...spec };
  for (const member of ['containers', 'initContainers', 'ephemeralContainers']) {
    if (Array.isArray(kept[member])) kept[member] = list(kept[member]).map(withoutValues);
  }
  for (const member of ['template', 'jobTemplate']) {
    const template = kept[member];
    if (!isObject(template) || !isObject(template['spec']) || levelsLeft === 0) continue;
    kept[member] = { ...template, spec: slimSpec(object(template['spec']), levelsLeft - 1) };
  }
  return kept;
}

function withoutValues(container: JsonValue): JsonValue {
  if (!isObject(container) || !Array.isArray(container['env'])) return container;
  const env = list(container['env']).map((variable) => {
    if (!isObject(variable)) return variable;
    const { value: _, ...kept } = variable;
    return kept;
  });
  return { ...container, env };
}
