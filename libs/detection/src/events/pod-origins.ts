import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import type { Observation } from '@tidewaiter/domain';
import { factField, type FactContext } from '@tidewaiter/facts';

/**
 * Creator of a pod, where that shows what the pod is for: an administrator by hand, for debugging,
 * the controller of a build system, for a job, or the controller of DaemonSets, for a node agent.
 */
export type PodOrigin = 'admin' | 'build-system' | 'node-agent';

const maxPods = 50_000;

export interface PersistedOrigins {
  pods: PersistedMap<PodOrigin>;
  foreign: PersistedMap<true>;
}

const changing: ReadonlySet<string> = new Set(['create', 'update', 'patch']);
const daemonSetController = 'system:serviceaccount:kube-system:daemon-set-controller';

/** Controllers that create a pod for each job of a pipeline, by their user agent. */
const buildSystems =
  /^(?:actions-runner-controller|gha-runner-scale-set-controller|gitlab-runner|tekton-pipelines-controller|tekton|woodpecker-agent|drone-runner-kube|concourse|buildkite-agent-stack-k8s|agent-stack-k8s|container-agent|circleci-container-agent|teamcity|jenkins|fabric8-kubernetes-client|kpack-controller|shipwright-build-controller|prow|plank|zuul|nodepool|buildbot|argo-workflows|workflow-controller|dagger|act_runner)$/;

/** Origins of pods, from the audit log. */
export class PodOrigins {
  readonly #origins = new RecentMap<PodOrigin>(maxPods);
  /** DaemonSets that an identity changed which does not look after the cluster. */
  readonly #foreign = new RecentMap<true>(maxPods);

  note(observation: Observation, facts: FactContext): void {
    const { request, cluster } = observation;
    if (request === null || !request.succeeded || request.namespace === null || !changing.has(request.verb ?? ''))
      return;
    const { namespace, resource } = request;
    const name = request.name ?? textAt(objectAt(objectAt(observation.native, 'responseObject'), 'metadata'), 'name');
    if (name === null) return;
    if (resource === 'daemonsets' && !isLookingAfter(observation, facts)) {
      this.#foreign.set(key(cluster, namespace, name, null), true);
    }
    const isDebugger = resource === 'pods/ephemeralcontainers';
    const origin = isDebugger || resource === 'pods' ? originOf(observation, facts) : null;
    if (origin === null) return;
    for (const container of isDebugger ? ephemeralOf(observation) : [null]) {
      this.#origins.set(key(cluster, namespace, name, container), origin);
    }
  }

  originOf({ cluster, pod, container }: Observation): PodOrigin | null {
    if (!pod?.namespace || !pod.name) return null;
    const { namespace, name } = pod;
    const ofContainer = container?.name ? this.#origins.get(key(cluster, namespace, name, container.name)) : undefined;
    return ofContainer ?? this.#origins.get(key(cluster, namespace, name, null)) ?? null;
  }

  /** Whether an identity changed a DaemonSet that does not look after the cluster. */
  isForeign(cluster: string | null, namespace: string, daemonSet: string): boolean {
    return this.#foreign.get(key(cluster, namespace, daemonSet, null)) === true;
  }

  snapshot(): PersistedOrigins {
    return { pods: this.#origins.snapshot(), foreign: this.#foreign.snapshot() };
  }

  restore({ pods, foreign }: PersistedOrigins): void {
    this.#origins.restore(pods);
    this.#foreign.restore(foreign);
  }
}

function originOf(observation: Observation, facts: FactContext): PodOrigin | null {
  const { user, userAgent, resource } = observation.request!;
  if (!isLookingAfter(observation, facts)) return null;
  if (user === daemonSetController) return 'node-agent';
  if (factField('Policy.Admin', observation, facts) === true) return 'admin';
  const client = userAgent?.split(/[/\s(]/, 1)[0]?.toLowerCase() ?? '';
  return resource === 'pods' && buildSystems.test(client) ? 'build-system' : null;
}

const controllerOfCluster =
  /^system:(?:serviceaccount:kube-system:[a-z-]+-controller|kube-controller-manager|kube-scheduler|node:.*)$/;

/**
 * Whether a request is by who looks after the cluster: its own controllers, a controller with its
 * own program, a configured administrator. From another place than usual, a token may be stolen.
 */
export function isLookingAfter(observation: Observation, facts: FactContext): boolean {
  const ask = (name: string) => factField(name, observation, facts);
  const { user, userAgent } = observation.request!;
  if (ask('Source.Public') !== false || ask('Identity.UsualSource') === false) return false;
  if (ask('Identity.OwnProgram') === true || ask('Policy.Admin') === true) return true;
  // A token of theirs that a tool uses is a stolen one.
  return controllerOfCluster.test(user ?? '') && /^kube(?:-controller-manager|-scheduler|let)\b/.test(userAgent ?? '');
}

function ephemeralOf({ native }: Observation): string[] {
  const containers = objectAt(objectAt(native, 'requestObject'), 'spec')['ephemeralContainers'];
  if (!Array.isArray(containers)) return [];
  return containers.flatMap((each) => {
    const name = isObject(each) ? each['name'] : undefined;
    return typeof name === 'string' ? [name] : [];
  });
}

function objectAt(object: Record<string, unknown>, member: string): Record<string, unknown> {
  const value = Object.hasOwn(object, member) ? object[member] : undefined;
  return isObject(value) ? value : {};
}

function textAt(object: Record<string, unknown>, member: string): string | null {
  const value = Object.hasOwn(object, member) ? object[member] : undefined;
  return typeof value === 'string' ? value : null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function key(cluster: string | null, namespace: string, pod: string, container: string | null): string {
  return `${cluster ?? ''}/${namespace}/${pod}${container === null ? '' : `/${container}`}`;
}
