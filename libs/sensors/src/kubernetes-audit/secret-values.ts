import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import { isObject, list, object, text } from '../json.js';

const redacted = '[redacted]';

/** The bodies of a request and its answer may hold what nobody should have logged: it ends here. */
export function withoutSecrets(event: JsonObject): JsonObject {
  const kept = { ...event };
  for (const member of ['requestObject', 'responseObject']) {
    const body = event[member];
    if (isObject(body)) kept[member] = withoutValues(body, text(object(event['objectRef'])['resource']));
  }
  return kept;
}

function withoutValues(body: JsonObject, resource: string | null): JsonObject {
  const kept: JsonObject = { ...body };
  if (isObject(kept['metadata'])) kept['metadata'] = slimMetadata(kept['metadata']);
  if (Array.isArray(kept['items'])) {
    kept['items'] = list(kept['items']).map((item) => (isObject(item) ? withoutValues(item, resource) : item));
  }
  if (resource === 'secrets' || kept['kind'] === 'Secret') {
    for (const member of ['data', 'stringData']) if (isObject(kept[member])) kept[member] = masked(kept[member]);
  }
  for (const member of ['spec', 'status']) {
    // TokenRequest answers with one, TokenReview asks with one.
    const inner = kept[member];
    if (isObject(inner) && typeof inner['token'] === 'string') kept[member] = { ...inner, token: redacted };
  }
  return kept;
}

function masked(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.keys(values).map((key): [string, JsonValue] => [key, redacted]));
}

const appliedAnnotation = 'kubectl.kubernetes.io/last-applied-configuration';

/** Without who changed which field when, and without the copy of the whole object that `kubectl apply` leaves in it. */
export function slimMetadata(metadata: JsonObject): JsonObject {
  const { managedFields: _, ...kept } = metadata;
  const annotations = kept['annotations'];
  if (!isObject(annotations) || !(appliedAnnotation in annotations)) return kept;
  return { ...kept, annotations: { ...annotations, [appliedAnnotation]: redacted } };
}
