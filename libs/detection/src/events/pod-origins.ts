import { type PersistedMap, RecentMap } from '@tidewaiter/collections';
import { clientKindOf, type Observation } from '@tidewaiter/domain';
import { factField, type FactContext } from '@tidewaiter/facts';
import { sigmaGetter } from '@tidewaiter/sensors';

import { containerKey } from './container-key.js';

/**
 * Creator of a pod, where that shows what the pod is for: an administrator by hand, for debugging,
 * the controller of a build system, for a job, or the controller of DaemonSets, or an operator that
 * gives it rights on the node, for a node agent.
 */
export type PodOrigin = 'admin' | 'build-system' | 'node-agent';

/**
 * User that ran a command in a pod by the API server: an administrator, a controller with its own
 * program, or a person from inside, from no unusual place. An `owner` is a person who has created
 * the workload within a day.
 */
export type Visitor = 'admin' | 'controller' | 'person' | 'owner';

interface Visit {
  by: Visitor | null;
  /** Missing in snapshots of earlier releases. */
  user?: string;
  timeMs: number;
}

/** Person who created a workload. */
interface Owner {
  user: string;
  timeMs: number;
}

const maxPods = 50_000;
/** Limits on the images of a pod that are remembered: names in requests have none. */
const maxImages = 16;
const maxImageChars = 512;

export interface PersistedOrigins {
  pods: PersistedMap<PodOrigin>;
  foreign: PersistedMap<true>;
  builders: PersistedMap<true>;
  /** These are missing in snapshots of earlier releases. */
  visits?: PersistedMap<Visit>;
  administered?: PersistedMap<true>;
  images?: PersistedMap<string[]>;
  reconfigured?: PersistedMap<true>;
  owners?: PersistedMap<Owner>;
}

/** Over websockets, an exec is a GET. */
const changing: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'get', 'connect']);
const workloads: ReadonlySet<string> = new Set([
  'daemonsets',
  'deployments',
  'statefulsets',
  'cronjobs',
  'jobs',
  'pods',
]);
const sessionMs = 12 * 60 * 60_000;
/** The command of a controller is a hook, which ends soon. */
const hookMs = 30 * 60_000;
/** Time for which a workload counts as the work of the person who created it. */
const ownerMs = 24 * 60 * 60_000;

const jobController = 'system:serviceaccount:kube-system:job-controller';
const daemonSetController = 'system:serviceaccount:kube-system:daemon-set-controller';

/** Controllers that create a pod for each job of a pipeline, by their user agent. */
const buildSystems =
  /^(?:actions-runner-controller|gha-runner-scale-set-controller|gitlab-runner|tekton-pipelines-controller|tekton|woodpecker-agent|drone-runner-kube|concourse|buildkite-agent-stack-k8s|agent-stack-k8s|container-agent|circleci-container-agent|teamcity|jenkins|kpack-controller|shipwright-build-controller|prow|plank|zuul|nodepool|buildbot|argo-workflows|workflow-controller|dagger|act_runner)$/;

/** Accounts of build systems whose user agent is that of a library, which others use, too. */
const buildAccounts: ReadonlyMap<string, RegExp> = new Map([
  ['fabric8-kubernetes-client', /[:-]jenkins\b/],
  ['manager', /[:-](?:actions-runner-controller|gha-rs-controller|gha-runner-scale-set-controller)$/],
]);

/** Origins of pods, from the audit log. */
export class PodOrigins {
  readonly #origins = new RecentMap<PodOrigin>(maxPods);
  /** Workloads that an identity changed which does not look after the cluster. */
  readonly #foreign = new RecentMap<true>(maxPods);
  /** Workloads that an identity changed which does. */
  readonly #administered = new RecentMap<true>(maxPods);
  /** Images of the last pod of each service account. */
  readonly #images = new RecentMap<string[]>(maxPods);
  /** Namespaces whose configuration an application of another one changed. */
  readonly #reconfigured = new RecentMap<true>(maxPods);
  /** Persons who created a workload that no other user has changed. */
  readonly #owners = new RecentMap<Owner>(maxPods);
  /** Last command that a user ran in a pod. */
  readonly #visits = new RecentMap<Visit>(maxPods);
  /** Containers in which a build was recognized, for events that name no process of it. */
  readonly #builders = new RecentMap<true>(maxPods);

  note(observation: Observation, facts: FactContext): void {
    const { request, cluster } = observation;
    if (request === null || !request.succeeded || request.namespace === null || !changing.has(request.verb ?? ''))
      return;
    const { namespace, resource } = request;
    const name = request.name ?? textAt(objectAt(objectAt(observation.native, 'responseObject'), 'metadata'), 'name');
    if (name === null) return;
    const isExec = resource === 'pods/exec' || resource === 'pods/attach';
    if (!isExec && (request.verb === 'get' || request.verb === 'connect')) return;
    if (resource === 'configmaps' && isOutsider(observation, facts))
      this.#reconfigured.set(key(cluster, namespace, '', null), true);
    const user = request.user ?? '';
    if (workloads.has(resource ?? '')) {
      this.#noteOwner(observation, name, facts);
      const isAdministration = isLookingAfter(observation, facts);
      if (isAdministration) this.#administered.set(key(cluster, namespace, name, null), true);
      else if (!this.isOwnImage(observation)) this.#foreign.set(key(cluster, namespace, name, null), true);
      if (isAdministration && resource === 'pods') this.#noteImages(observation);
    }
    if (isExec) {
      const visit = { by: visitorOf(observation, facts), user, timeMs: observation.timeMs };
      this.#visits.set(key(cluster, namespace, name, null), visit);
      return;
    }
    const isDebugger = resource === 'pods/ephemeralcontainers';
    if (isDebugger) {
      const visit = { by: visitorOf(observation, facts), user, timeMs: observation.timeMs };
      for (const container of ephemeralOf(observation))
        this.#visits.set(key(cluster, namespace, name, container), visit);
    }
    const isPod = isDebugger || resource === 'pods';
    const origin = isPod
      ? (this.#ofJob(observation, name) ?? originOf(observation, facts))
      : ofOperator(observation, facts);
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

  /** Origin of the job for which its controller creates a pod. */
  #ofJob({ cluster, request }: Observation, pod: string): PodOrigin | null {
    const { user, userAgent, namespace } = request!;
    if (user !== jobController || !userAgent?.startsWith('kube-controller-manager/')) return null;
    return this.#origins.get(key(cluster, namespace!, pod.replace(/-[a-z0-9]{5}$/, ''), null)) ?? null;
  }

  #noteOwner(observation: Observation, workload: string, facts: FactContext): void {
    const { cluster, request, timeMs } = observation;
    const { namespace, verb, user } = request!;
    const place = key(cluster, namespace!, workload, null);
    if (verb === 'create' && user !== null && visitorOf(observation, facts) === 'person')
      this.#owners.set(place, { user, timeMs });
    else if (this.#owners.get(place)?.user !== user && !controllerOfCluster.test(user ?? ''))
      this.#owners.delete(place);
  }

  #noteImages(observation: Observation): void {
    const { cluster, request } = observation;
    const account = textAt(podSpecOf(observation), 'serviceAccountName');
    const images = textsOf(imagesAsked(observation))
      .filter(({ length }) => length <= maxImageChars)
      .slice(0, maxImages);
    if (account !== null && images.length > 0)
      this.#images.set(key(cluster, request!.namespace!, account, null), images);
  }

  /**
   * Whether a service account requests pods of its own image in its own namespace, without rights
   * on the node, another account, secrets or a command line, as Spark's driver does for its
   * executors. Undefined where no images are requested.
   */
  isOwnImage(observation: Observation): boolean | undefined {
    const [, home, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(observation.request?.user ?? '') ?? [];
    const images = textsOf(imagesAsked(observation));
    if (images.length === 0 || home === undefined || account === undefined) return undefined;
    const runsAs = textAt(podSpecOf(observation), 'serviceAccountName') ?? 'default';
    if (home !== observation.request!.namespace || (runsAs !== account && runsAs !== 'default')) return false;
    if (secretUse.test(JSON.stringify(podSpecOf(observation)))) return false;
    if (hasNodeRights(observation) || rightsAsked.some((ask) => ask(observation) != null)) return false;
    if (textsOf(commandsAsked(observation)).some((command) => shellCommand.test(command))) return false;
    const own = this.#images.get(key(observation.cluster, home, account, null)) ?? [];
    return images.every((image) => own.includes(image));
  }

  /** Whether an identity changed a workload that does not look after the cluster. */
  isForeign(cluster: string | null, namespace: string, workload: string): boolean {
    return this.#foreign.get(key(cluster, namespace, workload, null)) === true;
  }

  /** Whether an identity that looks after the cluster changed a workload, and no other. */
  isAdministered(cluster: string | null, namespace: string, workload: string): boolean {
    const place = key(cluster, namespace, workload, null);
    return this.#administered.get(place) === true && this.#foreign.get(place) !== true;
  }

  /** Whether an application of another namespace changed the configuration of this one. */
  isReconfigured(cluster: string | null, namespace: string): boolean {
    return this.#reconfigured.get(key(cluster, namespace, '', null)) === true;
  }

  /**
   * As `visitorOf`, and `owner` for a person in a workload that the same person has created within
   * a day, and no other user has changed. The first process of a pod without a controller counts,
   * too, once its maker has attached to the pod or run a command in it from inside.
   */
  visitorOfWorkload(observation: Observation, facts: FactContext): Visitor | null {
    const visitor = this.visitorOf(observation);
    const workload = facts.workloadOf(observation);
    if (workload === null || (visitor !== 'person' && workload.kind !== 'Pod')) return visitor;
    const { cluster, pod, timeMs } = observation;
    const owner = this.#owners.get(key(cluster, workload.namespace, workload.name, null));
    const visit = this.#visits.get(key(cluster, pod!.namespace!, pod!.name!, null));
    if (owner === undefined || visit?.by !== 'person' || visit.user !== owner.user) return visitor;
    return timeMs - owner.timeMs <= ownerMs ? 'owner' : visitor;
  }

  /**
   * The user who added the container of the event for debugging, else the last one who ran a
   * command in the pod by the API server, for a process that the container did not start. A command
   * of another user ends that: the processes of two users look alike.
   */
  visitorOf({ cluster, pod, container, process, timeMs }: Observation): Visitor | null {
    if (!pod?.namespace || !pod.name) return null;
    const debugging = container?.name
      ? this.#visits.get(key(cluster, pod.namespace, pod.name, container.name))
      : undefined;
    const isOpened = process === null || process.inInitTree === false;
    const visit = debugging ?? (isOpened ? this.#visits.get(key(cluster, pod.namespace, pod.name, null)) : undefined);
    if (visit === undefined) return null;
    return timeMs - visit.timeMs <= (visit.by === 'controller' ? hookMs : sessionMs) ? visit.by : null;
  }

  /** Whether a user, or an unknown one, has run a command in the pod by the API server. */
  wasVisited({ cluster, pod }: Observation): boolean {
    if (!pod?.namespace || !pod.name) return false;
    const visit = this.#visits.get(key(cluster, pod.namespace, pod.name, null));
    return visit !== undefined && visit.by !== 'controller';
  }

  noteBuilder(observation: Observation): void {
    const container = containerKey(observation);
    if (container !== null) this.#builders.set(container, true);
  }

  isBuilder(observation: Observation): boolean {
    const container = containerKey(observation);
    return container !== null && this.#builders.get(container) === true;
  }

  snapshot(): PersistedOrigins {
    return {
      pods: this.#origins.snapshot(),
      foreign: this.#foreign.snapshot(),
      builders: this.#builders.snapshot(),
      visits: this.#visits.snapshot(),
      administered: this.#administered.snapshot(),
      images: this.#images.snapshot(),
      reconfigured: this.#reconfigured.snapshot(),
      owners: this.#owners.snapshot(),
    };
  }

  restore({ pods, foreign, builders, visits, administered, images, reconfigured, owners }: PersistedOrigins): void {
    this.#origins.restore(pods);
    this.#foreign.restore(foreign);
    this.#builders.restore(builders);
    if (visits) this.#visits.restore(visits);
    if (administered) this.#administered.restore(administered);
    if (images) this.#images.restore(images);
    if (reconfigured) this.#reconfigured.restore(reconfigured);
    if (owners) this.#owners.restore(owners);
  }
}

/** Whether an account acts in a namespace that is not its own without looking after the cluster. */
function isOutsider(observation: Observation, facts: FactContext): boolean {
  return factField('Identity.OwnNamespace', observation, facts) === false && !isLookingAfter(observation, facts);
}

function originOf(observation: Observation, facts: FactContext): PodOrigin | null {
  const { user, userAgent, resource } = observation.request!;
  if (!isLookingAfter(observation, facts)) return null;
  if (user === daemonSetController) return 'node-agent';
  if (factField('Policy.Admin', observation, facts) === true) return 'admin';
  const client = userAgent?.split(/[/\s(]/, 1)[0]?.toLowerCase() ?? '';
  if (resource !== 'pods') return null;
  const isBuildSystem = buildSystems.test(client) || buildAccounts.get(client)?.test(user ?? '') === true;
  return isBuildSystem ? 'build-system' : ofOperator(observation, facts);
}

/** Origin of a pod, or of a job, to which an operator gives rights on the node. */
function ofOperator(observation: Observation, facts: FactContext): PodOrigin | null {
  const { resource, user } = observation.request!;
  if ((resource !== 'pods' && resource !== 'jobs') || !isLookingAfter(observation, facts)) return null;
  // The controllers of the cluster make what others have asked for.
  if (controllerOfCluster.test(user ?? '')) return null;
  return factField('Identity.OwnProgram', observation, facts) === true && hasNodeRights(observation)
    ? 'node-agent'
    : null;
}

function visitorOf(observation: Observation, facts: FactContext): Visitor | null {
  const ask = (name: string) => factField(name, observation, facts);
  if (originOf(observation, facts) === 'admin') return 'admin';
  const user = observation.request!.user ?? 'system:';
  if (ask('Source.Public') !== false || ask('Identity.UsualSource') === false) return null;
  if (!user.startsWith('system:')) return 'person';
  const isAccount = user.startsWith('system:serviceaccount:');
  const isController = ask('Identity.OwnProgram') === true || ask('Identity.Platform') === true;
  return isAccount && isController ? 'controller' : null;
}

/** Whether the requested pod is privileged, or in the process namespace of the node. */
function hasNodeRights(observation: Observation): boolean {
  const spec = podSpecOf(observation);
  if (spec['hostPID'] === true) return true;
  const containers = Array.isArray(spec['containers']) ? spec['containers'] : [];
  return containers.some((each) => isObject(each) && objectAt(each, 'securityContext')['privileged'] === true);
}

/** Specification of the requested pod, also in a template of a job or a schedule. */
function podSpecOf({ native }: Observation): Record<string, unknown> {
  let spec = objectAt(objectAt(native, 'requestObject'), 'spec');
  for (const template of ['jobTemplate', 'template'])
    if (Object.hasOwn(spec, template)) spec = objectAt(objectAt(spec, template), 'spec');
  return spec;
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
  // A service account that has long done so from the same place, with a program that is no tool.
  const isHabit = ask('Identity.UsualSource') === true && ask('Identity.UsualClient') === true;
  if (isHabit && user?.startsWith('system:serviceaccount:') && clientKindOf(userAgent) === 'program') return true;
  // A token of theirs that a tool uses is a stolen one.
  return controllerOfCluster.test(user ?? '') && /^kube(?:-controller-manager|-scheduler|let)\b/.test(userAgent ?? '');
}

const imagesAsked = sigmaGetter('Request.Images');
const commandsAsked = sigmaGetter('Request.Commands');
const secretUse = /"(?:secret|secretName|secretRef|secretKeyRef)":/;
/** Command of a shell, or of an interpreter with its program as argument. */
const shellCommand = /(?:^|\/)(?:(?:ba|da|a|z|k)?sh|node|perl|php|python[\d.]*|ruby)(?: -[a-z]+)* -[a-z]*[ce](?: |$)/;
const rightsAsked = ['Request.HostPaths', 'Request.HostNamespaces', 'Request.Capabilities'].map(sigmaGetter);

function textsOf(values: unknown): string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
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
