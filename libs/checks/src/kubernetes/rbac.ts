import type { Located } from '@tidewaiter/yaml';

import { shown, type CheckInfo } from '../check.js';
import { itemsAt, textAt, textsAt } from './fields.js';
import { seenIn, type KubernetesCheck, type Resource } from './resource.js';

/** Rule of a role. */
interface Rule {
  groups: readonly string[];
  resources: readonly string[];
  verbs: readonly string[];
  /**
   * Names of single objects, which restrict everything but `list`, `watch`, `create` and
   * `deletecollection`.
   */
  names: readonly string[];
  node: Located;
}

function rulesOf(resource: Resource): Rule[] {
  if (resource.kind !== 'Role' && resource.kind !== 'ClusterRole') return [];
  return itemsAt(resource.node, 'rules').map((node) => ({
    groups: textsAt(node, 'apiGroups'),
    resources: textsAt(node, 'resources'),
    verbs: textsAt(node, 'verbs'),
    names: textsAt(node, 'resourceNames'),
    node,
  }));
}

const hasAny = (list: readonly string[], ...wanted: readonly string[]) =>
  list.includes('*') || wanted.some((word) => list.includes(word));

/** Whether a rule allows one of the verbs on a resource of a group, also by wildcards. */
function allows(rule: Rule, group: string, resources: readonly string[], verbs: readonly string[]): boolean {
  const subresources = resources
    .filter((name) => name.includes('/'))
    .map((name) => `*/${name.slice(name.indexOf('/') + 1)}`);
  return (
    hasAny(rule.groups, group) && hasAny(rule.resources, ...resources, ...subresources) && hasAny(rule.verbs, ...verbs)
  );
}

function isEverything({ groups, resources, verbs }: Rule): boolean {
  return groups.includes('*') && resources.includes('*') && verbs.includes('*');
}

const rbacGroup = 'rbac.authorization.k8s.io';
const goodPractices = 'https://kubernetes.io/docs/concepts/security/rbac-good-practices/';

type RoleRule = CheckInfo & {
  /** Predicate of the failure's title, after the label of the role. */
  what: string;
  isBad: (rule: Rule) => boolean;
  /** Rules, one per line. */
  passes: readonly string[];
  fails: readonly string[];
  /** Also applies to the rule that allows everything, which has a check of its own. */
  seesEverything?: true;
  /** Kinds of roles that it applies to, for rights that are only bad cluster-wide. */
  kinds?: readonly string[];
};

function roleCheck({
  what,
  isBad,
  passes,
  fails,
  kinds = ['ClusterRole', 'Role'],
  seesEverything,
  ...info
}: RoleRule): KubernetesCheck {
  return {
    ...info,
    *find(resource) {
      if (!kinds.includes(resource.kind)) return;
      for (const rule of rulesOf(resource)) {
        if ((seesEverything || !isEverything(rule)) && isBad(rule))
          yield seenIn(
            resource,
            'rules',
            `${resource.label} ${what}`,
            rule.node,
            shown(JSON.stringify([rule.groups, rule.resources]), 300),
          );
      }
    },
    passes: [
      ...passes.flatMap((rule) => kinds.map((kind) => roleExample(kind, rule))),
      ...(kinds.includes('Role') ? [] : fails.map((rule) => roleExample('Role', rule))),
    ],
    fails: fails.flatMap((rule) => kinds.map((kind) => roleExample(kind, rule))),
  };
}

function roleExample(kind: string, rule: string): string {
  return `apiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}\nmetadata: { name: app, namespace: shop }\nrules:\n  - { ${rule} }\n`;
}

const roleChecks: KubernetesCheck[] = [
  roleCheck({
    id: 'k8s-rbac-everything',
    title: 'Role with full permissions (wildcard)',
    what: 'allows everything',
    severity: 'critical',
    reason: 'Its subjects are administrators that an audit of cluster-admin bindings does not show.',
    fix: 'List only the needed groups, resources and verbs.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.3',
    seesEverything: true,
    isBad: isEverything,
    passes: ['apiGroups: ["*"], resources: ["*"], verbs: [get]', 'apiGroups: [""], resources: ["*"], verbs: ["*"]'],
    fails: ['apiGroups: ["*"], resources: ["*"], verbs: ["*"]'],
  }),
  roleCheck({
    id: 'k8s-rbac-wildcard-verbs',
    title: 'Role with wildcard verbs',
    what: 'allows every verb',
    severity: 'high',
    reason: 'Includes verbs of later versions and those that escalate privileges.',
    fix: 'List only the needed verbs.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.3',
    seesEverything: true,
    isBad: ({ verbs }) => verbs.includes('*'),
    passes: ['apiGroups: [""], resources: [pods], verbs: [get, list]'],
    fails: [
      'apiGroups: [apps], resources: [deployments], verbs: ["*"]',
      'apiGroups: ["*"], resources: ["*"], verbs: ["*"]',
      'nonResourceURLs: ["*"], verbs: ["*"]',
    ],
  }),
  roleCheck({
    id: 'k8s-rbac-wildcard-resources',
    title: 'Role with wildcard resources',
    what: 'covers every resource',
    severity: 'high',
    reason: 'Includes secrets and every kind that is added later.',
    fix: 'List only the needed resources.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.3',
    seesEverything: true,
    isBad: ({ resources }) => resources.includes('*'),
    passes: [
      'apiGroups: [""], resources: [pods], verbs: [get]',
      'apiGroups: ["*"], resources: [deployments], verbs: [get]',
    ],
    fails: ['apiGroups: [""], resources: ["*"], verbs: [get]'],
  }),
  roleCheck({
    id: 'k8s-rbac-wildcard-groups',
    title: 'Role with wildcard API groups',
    what: 'covers every API group',
    severity: 'medium',
    reason: 'Includes kinds of the same name in groups that are added later.',
    fix: 'List only the needed API groups.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.3',
    seesEverything: true,
    isBad: ({ groups }) => groups.includes('*'),
    passes: ['apiGroups: ["", apps], resources: [pods], verbs: [get]'],
    fails: ['apiGroups: ["*"], resources: [deployments], verbs: [get]'],
  }),
  roleCheck({
    id: 'k8s-rbac-escalate',
    title: 'Role with bind or escalate permission',
    what: 'allows bind or escalate',
    severity: 'critical',
    reason: 'With bind or escalate, its subjects can become cluster administrator.',
    fix: 'Remove the verbs bind and escalate, or name the roles with resourceNames.',
    reference: `${goodPractices}#escalate-verb`,
    isBad: (rule) =>
      allows(rule, rbacGroup, ['roles', 'clusterroles'], ['escalate']) ||
      (rule.names.length === 0 && allows(rule, rbacGroup, ['roles', 'clusterroles'], ['bind'])),
    passes: [
      'apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [get, list]',
      'apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [view], verbs: [bind]',
    ],
    fails: [
      'apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], verbs: [bind]',
      'apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [escalate]',
      'apiGroups: ["*"], resources: ["*"], verbs: [bind, get]',
    ],
  }),
  roleCheck({
    id: 'k8s-rbac-write-bindings',
    title: 'Role with write access to role bindings',
    what: 'can write role bindings',
    severity: 'high',
    reason: 'Its subjects can grant their permissions to other accounts, which outlive their own.',
    fix: 'Restrict roles and bindings to administrators.',
    reference: `${goodPractices}#privilege-escalation-risks`,
    isBad: (rule) => allows(rule, rbacGroup, ['rolebindings', 'clusterrolebindings'], ['create', 'update', 'patch']),
    passes: ['apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [get, list, delete]'],
    fails: ['apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [create]'],
  }),
  roleCheck({
    id: 'k8s-rbac-impersonate',
    title: 'Role with impersonate permission',
    what: 'can impersonate users',
    severity: 'critical',
    reason: 'Its subjects can act as any user, including administrators.',
    fix: 'Remove the verb impersonate, or name users with resourceNames.',
    reference: `${goodPractices}#impersonate-verb`,
    isBad: (rule) =>
      rule.names.length === 0 &&
      (allows(rule, '', ['users', 'groups', 'serviceaccounts'], ['impersonate']) ||
        allows(rule, 'authentication.k8s.io', ['userextras', 'uids'], ['impersonate'])),
    passes: [
      'apiGroups: [""], resources: [users], resourceNames: [ci], verbs: [impersonate]',
      'apiGroups: [""], resources: [serviceaccounts], verbs: [get]',
    ],
    fails: [
      'apiGroups: [""], resources: [users, groups], verbs: [impersonate]',
      'apiGroups: ["*"], resources: ["*"], verbs: [impersonate]',
    ],
  }),
  roleCheck({
    id: 'k8s-rbac-read-secrets',
    title: 'Role with access to all cluster secrets',
    what: 'can read the secrets of all namespaces',
    severity: 'high',
    reason:
      'Includes the tokens of all service accounts, even of administrators. The verb list also returns the values.',
    fix: 'Use a Role in one namespace and restrict it to named secrets with resourceNames.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.2',
    kinds: ['ClusterRole'],
    isBad: (rule) =>
      allows(rule, '', ['secrets'], ['list', 'watch']) ||
      (rule.names.length === 0 && allows(rule, '', ['secrets'], ['get'])),
    passes: [
      'apiGroups: [""], resources: [secrets], resourceNames: [app], verbs: [get]',
      'apiGroups: [""], resources: [configmaps], verbs: [get, list]',
      'apiGroups: [""], resources: [secrets], verbs: [create]',
    ],
    fails: [
      'apiGroups: [""], resources: [secrets], verbs: [get]',
      'apiGroups: [""], resources: [pods, secrets], verbs: [list]',
      'apiGroups: ["*"], resources: ["*"], verbs: [watch]',
      'apiGroups: [""], resources: [secrets], verbs: ["*"]',
    ],
  }),
  roleCheck({
    id: 'k8s-rbac-list-secrets-in-namespace',
    title: 'Role with access to all namespace secrets',
    what: 'can read every secret of its namespace',
    severity: 'medium',
    reason: 'Includes secrets that are created later. The verb list also returns the values.',
    fix: 'Restrict to named secrets with resourceNames and allow only get.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.2',
    kinds: ['Role'],
    isBad: (rule) =>
      allows(rule, '', ['secrets'], ['list', 'watch']) ||
      (rule.names.length === 0 && allows(rule, '', ['secrets'], ['get'])),
    passes: ['apiGroups: [""], resources: [secrets], resourceNames: [app], verbs: [get]'],
    fails: ['apiGroups: [""], resources: [secrets], verbs: [get, list]'],
  }),
  roleCheck({
    id: 'k8s-rbac-exec',
    title: 'Role with pod exec permission',
    what: 'can execute commands in pods',
    severity: 'high',
    reason: 'Its subjects get the permissions and secrets of every pod in scope.',
    fix: 'Grant it to users temporarily.',
    reference: 'https://attack.mitre.org/techniques/T1609/',
    isBad: (rule) =>
      allows(rule, '', ['pods/exec', 'pods/attach', 'pods/ephemeralcontainers'], ['create', 'get', 'update', 'patch']),
    passes: ['apiGroups: [""], resources: [pods, pods/log], verbs: [get, list]'],
    fails: [
      'apiGroups: [""], resources: [pods/exec], verbs: [create]',
      'apiGroups: [""], resources: [pods/ephemeralcontainers], verbs: [patch]',
      'apiGroups: [""], resources: ["*/exec"], verbs: [create]',
    ],
  }),
  roleCheck({
    id: 'k8s-rbac-create-workloads',
    title: 'Role that creates workloads in all namespaces',
    what: 'can create workloads in all namespaces',
    severity: 'medium',
    reason: 'Creating pods gives access to all secrets and service accounts of the namespace.',
    fix: 'Use a Role in the namespaces that need it, under the restricted Pod Security level.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.4',
    kinds: ['ClusterRole'],
    isBad: (rule) =>
      allows(rule, '', ['pods', 'replicationcontrollers'], ['create']) ||
      allows(rule, 'apps', ['daemonsets', 'deployments', 'replicasets', 'statefulsets'], ['create']) ||
      allows(rule, 'batch', ['cronjobs', 'jobs'], ['create']),
    passes: [
      'apiGroups: [""], resources: [pods], verbs: [get, list, watch]',
      'apiGroups: [apps], resources: [deployments], verbs: [update]',
    ],
    fails: [
      'apiGroups: [""], resources: [pods], verbs: [create]',
      'apiGroups: [batch], resources: [jobs], verbs: [create, delete]',
      'apiGroups: [apps], resources: ["*"], verbs: ["*"]',
    ],
  }),
  roleCheck({
    id: 'k8s-rbac-nodes-proxy',
    title: 'Role with kubelet access (nodes/proxy)',
    what: 'can access the kubelet API',
    severity: 'high',
    reason: 'Through nodes/proxy its subjects can run commands in every pod, bypassing audit logs and admission.',
    fix: 'Remove nodes/proxy; metrics need nodes/metrics and nodes/stats.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.10',
    isBad: (rule) => allows(rule, '', ['nodes/proxy'], ['get', 'create']),
    passes: ['apiGroups: [""], resources: [nodes, nodes/metrics], verbs: [get]'],
    fails: ['apiGroups: [""], resources: [nodes/proxy], verbs: [get]'],
  }),
  roleCheck({
    id: 'k8s-rbac-create-tokens',
    title: 'Role that creates service account tokens',
    what: 'can create service account tokens',
    severity: 'high',
    reason: 'Its subjects can act as any service account in scope.',
    fix: 'Remove serviceaccounts/token, or name the accounts with resourceNames.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.13',
    isBad: (rule) => rule.names.length === 0 && allows(rule, '', ['serviceaccounts/token'], ['create']),
    passes: [
      'apiGroups: [""], resources: [serviceaccounts], verbs: [create]',
      'apiGroups: [""], resources: [serviceaccounts/token], resourceNames: [ci], verbs: [create]',
    ],
    fails: ['apiGroups: [""], resources: [serviceaccounts/token], verbs: [create]'],
  }),
  roleCheck({
    id: 'k8s-rbac-webhooks',
    title: 'Role with write access to admission configuration',
    what: 'can change admission webhooks or policies',
    severity: 'high',
    reason: 'Its subjects can read and change every object sent to the API, or disable policies.',
    fix: 'Restrict webhooks and admission policies to administrators.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.12',
    isBad: (rule) =>
      rule.names.length === 0 &&
      allows(
        rule,
        'admissionregistration.k8s.io',
        [
          'mutatingwebhookconfigurations',
          'validatingwebhookconfigurations',
          'validatingadmissionpolicies',
          'mutatingadmissionpolicies',
        ],
        ['create', 'update', 'patch', 'delete'],
      ),
    passes: [
      'apiGroups: [admissionregistration.k8s.io], resources: [validatingwebhookconfigurations], verbs: [get, list]',
    ],
    fails: ['apiGroups: [admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations], verbs: [patch]'],
  }),
  roleCheck({
    id: 'k8s-rbac-approve-certificates',
    title: 'Role that approves certificate signing requests',
    what: 'can approve certificate signing requests',
    severity: 'high',
    reason: 'Its subjects can issue a certificate for any user.',
    fix: 'Remove certificatesigningrequests/approval and the verbs approve and sign.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.11',
    isBad: (rule) =>
      allows(rule, 'certificates.k8s.io', ['certificatesigningrequests/approval'], ['update', 'patch']) ||
      (rule.names.length === 0 && allows(rule, 'certificates.k8s.io', ['signers'], ['approve', 'sign'])),
    passes: ['apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [get, create]'],
    fails: ['apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]'],
  }),
  roleCheck({
    id: 'k8s-rbac-create-persistent-volumes',
    title: 'Role that creates persistent volumes',
    what: 'can create persistent volumes',
    severity: 'medium',
    reason: 'A volume can be a host path, so its subjects can read and change files of the nodes.',
    fix: 'Use a storage class to provision volumes.',
    reference: 'CIS Kubernetes Benchmark 1.9, 5.1.9',
    isBad: (rule) => allows(rule, '', ['persistentvolumes'], ['create']),
    passes: ['apiGroups: [""], resources: [persistentvolumeclaims], verbs: [create]'],
    fails: ['apiGroups: [""], resources: [persistentvolumes], verbs: [create]'],
  }),
];

interface Subject {
  kind: string;
  name: string;
  node: Located;
}

function subjectsOf(resource: Resource): Subject[] {
  if (resource.kind !== 'RoleBinding' && resource.kind !== 'ClusterRoleBinding') return [];
  return itemsAt(resource.node, 'subjects').map((node) => ({
    kind: textAt(node, 'kind') ?? '',
    name: textAt(node, 'name') ?? '',
    node,
  }));
}

function bindingExample(role: string, subject: string, kind = 'ClusterRoleBinding'): string {
  return `apiVersion: rbac.authorization.k8s.io/v1\nkind: ${kind}\nmetadata: { name: app, namespace: shop }\nroleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "${role}" }\nsubjects: [{ ${subject} }]\n`;
}

const roleOf = (resource: Resource) => textAt(resource.node, 'roleRef', 'name') ?? '';

const clusterAdmin: KubernetesCheck = {
  id: 'k8s-rbac-cluster-admin',
  title: 'cluster-admin or admin role bound',
  severity: 'critical',
  reason: 'A compromise of the account gives control of the whole cluster or namespace.',
  fix: 'Bind a role with only the needed permissions.',
  reference: 'CIS Kubernetes Benchmark 1.9, 5.1.1',
  *find(resource) {
    if (roleOf(resource) !== 'cluster-admin') return;
    for (const { kind, name, node } of subjectsOf(resource)) {
      // Kubernetes itself creates this binding, and the group needs no role.
      if (name !== 'system:masters')
        yield seenIn(
          resource,
          'subjects',
          `${resource.label} makes ${shown(kind, 40)} ${shown(name, 100)} administrator`,
          node,
          shown(name, 100),
        );
    }
  },
  passes: [
    bindingExample('view', 'kind: User, name: me'),
    bindingExample('cluster-admin', 'kind: Group, name: "system:masters"'),
  ],
  fails: [
    bindingExample('cluster-admin', 'kind: ServiceAccount, name: app, namespace: shop'),
    bindingExample('cluster-admin', 'kind: User, name: me', 'RoleBinding'),
  ],
};

/** Roles that Kubernetes itself grants to all users. */
const publicRoles = new Set([
  'system:public-info-viewer',
  'system:discovery',
  'system:basic-user',
  'system:service-account-issuer-discovery',
]);

const anonymous: KubernetesCheck = {
  id: 'k8s-rbac-anonymous',
  title: 'Role bound to anonymous users',
  severity: 'critical',
  reason:
    'Every client that reaches the API has these permissions; most clusters hijacked for mining are compromised this way.',
  fix: 'Remove system:anonymous and system:unauthenticated from the binding.',
  reference: 'https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests',
  *find(resource) {
    if (roleOf(resource) === 'system:public-info-viewer') return;
    for (const { name, node } of subjectsOf(resource)) {
      if (name === 'system:anonymous' || name === 'system:unauthenticated')
        yield seenIn(
          resource,
          'subjects',
          `${resource.label} binds ${shown(roleOf(resource), 100)} to ${name}`,
          node,
          name,
        );
    }
  },
  passes: [
    bindingExample('view', 'kind: User, name: me'),
    bindingExample('system:public-info-viewer', 'kind: Group, name: "system:unauthenticated"'),
  ],
  fails: [
    bindingExample('view', 'kind: Group, name: "system:unauthenticated"'),
    bindingExample('edit', 'kind: User, name: "system:anonymous"', 'RoleBinding'),
  ],
};

const everybody: KubernetesCheck = {
  id: 'k8s-rbac-everybody',
  title: 'Role bound to all authenticated users',
  severity: 'high',
  reason: 'Every user and every pod of the cluster has these permissions, including compromised ones.',
  fix: 'Bind it to the accounts that need it.',
  reference: goodPractices,
  *find(resource) {
    if (publicRoles.has(roleOf(resource))) return;
    for (const { kind, name, node } of subjectsOf(resource)) {
      if (kind === 'Group' && (name === 'system:authenticated' || name === 'system:serviceaccounts'))
        yield seenIn(
          resource,
          'subjects',
          `${resource.label} binds ${shown(roleOf(resource), 100)} to ${name}`,
          node,
          name,
        );
    }
  },
  passes: [
    bindingExample('system:discovery', 'kind: Group, name: "system:authenticated"'),
    bindingExample('view', 'kind: Group, name: team'),
  ],
  fails: [
    bindingExample('view', 'kind: Group, name: "system:authenticated"'),
    bindingExample('edit', 'kind: Group, name: "system:serviceaccounts"'),
  ],
};

const defaultAccount: KubernetesCheck = {
  id: 'k8s-rbac-default-account',
  title: 'Role bound to default service account',
  severity: 'medium',
  reason: 'Every pod without a service account of its own has these permissions.',
  fix: 'Create a service account for the pod that needs them.',
  reference: 'CIS Kubernetes Benchmark 1.9, 5.1.5',
  *find(resource) {
    for (const { kind, name, node } of subjectsOf(resource)) {
      if (kind === 'ServiceAccount' && name === 'default')
        yield seenIn(
          resource,
          'subjects',
          `${resource.label} binds ${shown(roleOf(resource), 100)} to the default service account`,
          node,
          shown(textAt(node, 'namespace') ?? '', 70),
        );
    }
  },
  passes: [
    bindingExample('view', 'kind: ServiceAccount, name: app, namespace: shop'),
    bindingExample('view', 'kind: User, name: default'),
  ],
  fails: [bindingExample('view', 'kind: ServiceAccount, name: default, namespace: shop')],
};

export const rbacChecks: readonly KubernetesCheck[] = [
  ...roleChecks,
  anonymous,
  clusterAdmin,
  defaultAccount,
  everybody,
];
