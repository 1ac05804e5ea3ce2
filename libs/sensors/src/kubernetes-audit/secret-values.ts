import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import { isObject, list, object, text } from '../json.js';

const redacted = '[redacted]';

/** The bodies of a request and its answer may hold what nobody should have logged: it ends here. */
export function withoutSecrets(event: JsonObject): JsonObject {
  const kept = { ...event };
  const resource = text(object(event['objectRef'])['resource']);
  for (const member of ['requestObject', 'responseObject']) {
    const body = event[member];
    if (isObject(body)) kept[member] = withoutValues(body, resource);
    else if (Array.isArray(body) && holdsData(resource)) kept[member] = body.map(withoutPatchedValue);
  }
  for (const member of ['user', 'impersonatedUser']) {
    const user = event[member];
    if (isObject(user) && isObject(user['extra'])) kept[member] = { ...user, extra: knownExtra(user['extra']) };
  }
  return kept;
}

const holdsData = (resource: string | null): boolean => resource === 'secrets' || resource === 'configmaps';

/** A JSON patch writes a value, or the whole of `data`. */
function withoutPatchedValue(operation: JsonValue): JsonValue {
  return isObject(operation) && 'value' in operation ? { ...operation, value: redacted } : operation;
}

/**
 * Keys that authenticators of Kubernetes and of clouds write; others may pass on claims of a token,
 * or the token.
 */
const known = /^(?:authentication\.kubernetes\.io\/[\w-]{1,64}|accessKeyId|arn|canonicalArn|principalId|sessionName)$/;

function knownExtra(extra: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(extra).map(([name, values]): [string, JsonValue] => [name, known.test(name) ? values : [redacted]]),
  );
}

function withoutValues(body: JsonObject, resource: string | null): JsonObject {
  const kept: JsonObject = { ...body };
  if (isObject(kept['metadata'])) kept['metadata'] = slimMetadata(kept['metadata']);
  if (Array.isArray(kept['items'])) {
    kept['items'] = list(kept['items']).map((item) => (isObject(item) ? withoutValues(item, resource) : item));
  }
  if (holdsData(resource) || kept['kind'] === 'Secret' || kept['kind'] === 'ConfigMap') {
    for (const member of ['data', 'stringData', 'binaryData'])
      if (isObject(kept[member])) kept[member] = masked(kept[member]);
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

/**
 * Without who changed which field when, and without the copy of the whole object that
 * `kubectl apply` leaves in it.
 */
export function slimMetadata(metadata: JsonObject): JsonObject {
  const { managedFields: _, ...kept } = metadata;
  const annotations = kept['annotations'];
  if (!isObject(annotations) || !(appliedAnnotation in annotations)) return kept;
  return { ...kept, annotations: { ...annotations, [appliedAnnotation]: redacted } };
}
