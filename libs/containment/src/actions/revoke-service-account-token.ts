import type { JsonObject, JsonValue } from '@tidewaiter/domain';

import type { ActionDefinition } from '../action.js';
import { collectionPath, type KubernetesCall, type KubernetesObject, pathOf } from '../kubernetes.js';

/**
 * Ends every token of a ServiceAccount by deleting it and creating it again. Kubernetes has no list
 * of revoked tokens: the API server accepts a token while the ServiceAccount has the uid for which
 * it was issued. Tokens in Secrets end the same way, and their controller deletes those Secrets, so
 * that the agent needs no access to Secrets. Role bindings name the account and stay.
 */
export const revokeServiceAccountToken: ActionDefinition = {
  name: 'revoke-service-account-token',
  kinds: ['ServiceAccount'],
  rights: [{ apiGroup: '', resource: 'serviceaccounts', verbs: ['get', 'create', 'delete'] }],
  effects: ({ namespace, name }) => [
    `Delete ServiceAccount ${name} in ${namespace}: the API server refuses all of its tokens at once`,
    'Create it again with its labels, annotations and pull secrets; role bindings stay',
  ],
  undoEffect: null,
  reads: () => ({}),

  plan({ subject }, object) {
    const { uid } = object.metadata;
    const remove: KubernetesCall = {
      method: 'DELETE',
      path: pathOf(subject),
      body: { preconditions: { uid } },
      accepts: [404],
    };
    const body = successorOf(object);
    // The account `default` is created again by its controller.
    const create: KubernetesCall = { method: 'POST', path: collectionPath(subject), body, accepts: [409] };
    const detail = 'pods of the account work with it again once they are started anew: stop the attacked ones first';
    return { calls: [remove, create], before: {}, notes: [{ code: 'TOKENS_OF_PODS', detail }] };
  },

  progress({ uid }, { subject }) {
    if (subject === null) return 'partly';
    return subject.metadata.uid === uid ? 'none' : 'done';
  },

  undo: null,
};

/** The account without what the API server and the token controller set. */
function successorOf(account: KubernetesObject): JsonObject {
  const { name, labels = {}, annotations = {} } = account.metadata;
  const secrets = listOf(account['secrets']).filter(
    (secret) => !String((secret as { name?: unknown }).name).startsWith(`${name}-token-`),
  );
  const pullSecrets = listOf(account['imagePullSecrets']);
  const automount = account['automountServiceAccountToken'];
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, labels, annotations },
    ...(secrets.length > 0 && { secrets }),
    ...(pullSecrets.length > 0 && { imagePullSecrets: pullSecrets }),
    ...(typeof automount === 'boolean' && { automountServiceAccountToken: automount }),
  };
}

function listOf(value: unknown): JsonValue[] {
  return Array.isArray(value) ? (value as JsonValue[]) : [];
}
