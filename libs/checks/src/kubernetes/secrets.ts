import { shown } from '../check.js';
import { isSecretName, isSecretValue } from '../secret-name.js';
import { hasPassword } from '../shell/privileges.js';
import { at, entriesAt, textAt } from './fields.js';
import { seenIn, type KubernetesCheck } from './resource.js';

const secret = (lines: string) => `apiVersion: v1\nkind: Secret\nmetadata: { name: db, namespace: shop }\n${lines}\n`;

const secretInFile: KubernetesCheck = {
  id: 'k8s-secret-in-file',
  title: 'Secret values in manifest file',
  severity: 'medium',
  reason:
    'Base64 is no encryption: everyone with access to the repository has the secret, and it remains in the history.',
  fix: 'Use External Secrets, Sealed Secrets or SOPS, and rotate the secret; treat it as leaked.',
  reference: 'https://kubernetes.io/docs/concepts/security/secrets-good-practices/',
  *find(resource) {
    if (resource.kind !== 'Secret') return;
    for (const field of ['data', 'stringData']) {
      for (const [key, node] of entriesAt(resource.node, field)) {
        const value = textAt(node)?.trim() ?? '';
        // Template tools leave such gaps; SOPS encrypts the values in place.
        if (value === '' || /\{\{|\$\{|^<[^<>]*>$|^ENC\[/.test(value)) continue;
        yield seenIn(
          resource,
          field,
          `${resource.label} contains the value of ${shown(key, 100)}`,
          node,
          shown(key, 100),
        );
      }
    }
  },
  passes: [
    secret('data: {}'),
    secret('stringData: { password: "" }'),
    secret('stringData: { password: "{{ .Values.password }}" }'),
    secret('data: { password: "ENC[AES256_GCM,data:aa]" }'),
    'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: { name: a }\nspec: { encryptedData: { a: b } }',
  ],
  fails: [secret('data: { password: aHVudGVyMg== }'), secret('type: Opaque\nstringData: { password: hunter2 }')],
};

const secretInConfigMap: KubernetesCheck = {
  id: 'k8s-secret-in-config-map',
  title: 'Secret in ConfigMap',
  severity: 'high',
  reason: 'ConfigMaps are readable by more users and tools than Secrets, and never encrypted.',
  fix: 'Move it to a Secret and rotate it; treat it as leaked.',
  reference: 'https://kubernetes.io/docs/concepts/configuration/configmap/',
  *find(resource) {
    if (resource.kind !== 'ConfigMap') return;
    for (const [key, node] of entriesAt(resource.node, 'data')) {
      const value = textAt(node) ?? '';
      // A longer text is a file of its own, which the secret rules search.
      if (value.length > 4000 || value.trim().includes('\n')) continue;
      if ((isSecretName(key) && isSecretValue(value)) || hasPassword(value))
        yield seenIn(resource, 'data', `${resource.label} holds a secret in ${shown(key, 100)}`, node, shown(key, 100));
    }
  },
  passes: [
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { LOG_LEVEL: debug, TOKEN_URL: "https://example.com", db-password-file: /run/x }',
  ],
  fails: [
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { DB_PASSWORD: hunter2 }',
    'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { url: "postgres://app:hunter2@db/shop" }',
  ],
};

const lastingToken: KubernetesCheck = {
  id: 'k8s-lasting-token',
  title: 'Service account token without expiry',
  severity: 'medium',
  reason: 'A copied token grants the permissions of the service account permanently.',
  fix: 'Use kubectl create token or a projected volume, whose tokens expire.',
  reference: 'https://kubernetes.io/docs/concepts/security/service-accounts/#get-a-token',
  *find(resource) {
    const type = resource.kind === 'Secret' ? at(resource.node, 'type') : undefined;
    if (textAt(type) === 'kubernetes.io/service-account-token')
      yield seenIn(resource, 'type', `${resource.label} is a service account token without expiry`, type);
  },
  passes: [secret('type: Opaque')],
  fails: [secret('type: kubernetes.io/service-account-token')],
};

const openNamespace: KubernetesCheck = {
  id: 'k8s-privileged-namespace',
  title: 'Namespace with privileged Pod Security level',
  severity: 'medium',
  reason: 'At the privileged level, everyone who can create pods there controls the nodes.',
  fix: 'Set pod-security.kubernetes.io/enforce to baseline or restricted, with exemptions for privileged workloads.',
  reference: 'https://kubernetes.io/docs/concepts/security/pod-security-admission/',
  *find(resource) {
    const level =
      resource.kind === 'Namespace'
        ? at(resource.node, 'metadata', 'labels', 'pod-security.kubernetes.io/enforce')
        : undefined;
    if (textAt(level) === 'privileged')
      yield seenIn(resource, 'metadata.labels', `${resource.label} lets every pod in`, level);
  },
  passes: [
    'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { pod-security.kubernetes.io/enforce: restricted } }',
    'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }',
  ],
  fails: [
    'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { pod-security.kubernetes.io/enforce: privileged } }',
  ],
};

export const secretChecks: readonly KubernetesCheck[] = [lastingToken, openNamespace, secretInConfigMap, secretInFile];
