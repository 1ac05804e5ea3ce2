import { clientKindOf, clientOf, type Observation, type ObservedRequest } from '@tidewaiter/domain';

import type { AccessKey } from './facts.js';

const serviceAccount = /^system:serviceaccount:([^:]+:[^:]+)$/;
const assumedRole = /:assumed-role\/([^/]+)\//;
const iamUser = /:user\/(?:.*\/)?([^/]+)$/;

/**
 * Names by which a policy can refer to the caller, the most specific first: `namespace:name`, a
 * key's id, a role.
 */
export function identitiesOf({ user, accessKeyId }: ObservedRequest): string[] {
  const account = serviceAccount.exec(user ?? '')?.[1];
  const role = (assumedRole.exec(user ?? '') ?? iamUser.exec(user ?? ''))?.[1];
  // A role gets a new key each hour (ASIA…): only its name is stable.
  const isPassing = accessKeyId?.startsWith('ASIA') ?? true;
  return [account, isPassing ? null : accessKeyId, role, user, accessKeyId].filter((name) => !!name) as string[];
}

/**
 * Returns the key that signed a call, with the fingerprint for finding images that contain the key.
 */
export function accessKeyOf({ request, secrets = [] }: Pick<Observation, 'request' | 'secrets'>): AccessKey | null {
  const id = request?.accessKeyId;
  if (!id) return null;
  return { id, fingerprint: secrets.find(({ masked }) => masked === id)?.fingerprint ?? null };
}

/** A controller is a program of its own, or built with a library for controllers. */
const controllerLibrary = /^(manager|fabric8-kubernetes-client|kopf|operator.*|.*-(operator|controller|manager))$/;
const controllerAccount = /(^|[-:])([a-z]*operator|controller|controllers|manager)(-|$)/;

/** Whether an account is named as those of operators are. */
export function isControllerAccount(user: string | null): boolean {
  const account = serviceAccount.exec(user ?? '')?.[1];
  return account !== undefined && controllerAccount.test(account.slice(account.indexOf(':') + 1));
}

/**
 * Whether a service account calls with the controller program of its own name, or is named like a
 * controller and uses a library for controllers.
 */
export function isOwnProgram({ user, userAgent }: ObservedRequest): boolean {
  const account = serviceAccount.exec(user ?? '')?.[1];
  const client = clientOf(userAgent);
  if (!account || client === null || clientKindOf(userAgent) !== 'program') return false;
  const name = account.slice(account.indexOf(':') + 1);
  if (!controllerAccount.test(name)) return isNamedAlike(programs.get(client) ?? client, name);
  return isNamedAlike(client, name) || controllerLibrary.test(client) || client === name.split('-', 1)[0];
}

/** Parts of a cluster. Nodes may have public addresses, and reach the API server by these. */
const clusterUser =
  /^system:(?:node:|bootstrap:|kube-|apiserver$|cloud-controller-manager$|gcp-[a-z-]+$|glbc$|managed-certificate-controller$|serviceaccount:kube-system:)/;
/**
 * Names that Kubernetes reserves for parts of a cluster, which providers give their own. The
 * excluded ones are of users and groups.
 */
const reservedUser = /^system:(?!(?:admin|anonymous|authenticated|masters|unauthenticated)$)[a-z0-9-]+$/;
/** Services with which a cloud looks after a cluster. They call with any program. */
const cloudService = /^(?:eks:|aksService$|gke-[a-z0-9-]+$|system:(?:addon-manager|gke-[a-z-]+)$)/;
/** Namespaces of what is installed to look after a cluster: delivery, certificates, storage. */
const platformAccount =
  /^system:serviceaccount:(?:argocd|cert-manager|external-secrets|ingress-nginx|istio-system|kyverno|k8up-operator|kasten-io|knative-serving|kubernetes-dashboard|keel|kubescape|monitoring|olm|operators|sealed-secrets|tekton-pipelines|tigera-operator|traefik|vault|velero|(?:openshift|cattle|capi)-[a-z-]+|(?:flux|gatekeeper|istio|knative)-system):/;
/** By the custom of operators; applications have such names, too. */
const systemAccount = /^system:serviceaccount:[a-z0-9-]+-systems?:/;

/**
 * Whether a component of the cluster, or an operator or service that looks after it, calls with its
 * own program. A tool that uses its token is one of a user, or of a thief.
 */
export function isPlatform(request: ObservedRequest, isPublic: boolean): boolean {
  const { user, userAgent } = request;
  if (user === null) return false;
  if (cloudService.test(user)) return true;
  const client = clientOf(userAgent);
  if (clientKindOf(userAgent) !== 'program') return client === 'helm' && clusterUser.test(user);
  const isOwn = isOwnProgram(request);
  // From the internet, only its certificate shows the controller manager, not its name.
  const isNamed = isOwn && client !== 'kube-controller-manager';
  if (clusterUser.test(user)) return isNamed || !isPublic || !serviceAccount.test(user);
  if (isPublic) return false;
  if (reservedUser.test(user)) return true;
  return platformAccount.test(user) || (systemAccount.test(user) && (isOwn || isControllerAccount(user)));
}

/** Controllers whose account has the name of the product and not of the program. */
const programs: ReadonlyMap<string, string> = new Map([['pilot-discovery', 'istiod']]);

/**
 * Whether the names are alike, as `velero-server` and `velero`, `fleetagent` and `fleet-agent`, or
 * `vault-k8s` and `vault-agent-injector` are; short names would match too much.
 */
function isNamedAlike(client: string, name: string): boolean {
  const [first = '', ofName] = [client.split('-', 1)[0], name.split('-', 1)[0]];
  if (first.length >= 4 && first === ofName) return true;
  if (client.length >= 4 && client === name.replaceAll('-', '')) return true;
  const [longer, shorter] = client.length > name.length ? [client, name] : [name, client];
  return shorter.length >= 4 && `-${longer}-`.includes(`-${shorter}-`);
}
