import type { ImageFacts } from '@tidewaiter/facts';

import type { TreeProcess } from './process-tree.js';
import { baseName } from './program.js';
import { isOwnCopy } from './session.js';

/**
 * Programs that build images or run the jobs of a pipeline, by the name of their executable, script
 * or archive.
 */
const buildPrograms: ReadonlySet<string> = new Set(
  [
    // Images: daemons, and tools that need none.
    'buildkitd dockerd dockerd-entrypoint.sh buildah podman img kaniko umoci earthly-buildkitd dagger dagger-engine',
    'buildctl-daemonless.sh s2i pack lifecycle creator ko nerdctl',
    // Container runtimes that run within a container.
    'buildkit-runc runc crun youki containerd containerd-shim-runc-v2 conmon',
    // Agents of pipelines.
    'Runner.Listener Runner.Worker Agent.Listener Agent.Worker act_runner forgejo-runner gitea-runner',
    'gitlab-runner gitlab-runner-helper gitlab-runner-build jenkins.war agent.jar remoting.jar slave.jar swarm-client.jar jenkins-agent',
    'jenkins.sh drone-runner-docker drone-runner-kube drone-runner-exec drone-agent woodpecker-agent plugin-docker',
    'buildkite-agent circleci-agent circleci-runner circleci-launch-agent launch-agent concourse concourse-worker',
    'buildAgent agentLauncher buildbot-worker zuul-executor go-agent vela-worker semaphore-agent tfc-agent atlantis',
    'cirrus-ci-agent harness-ci delegate.jar spacelift-launcher prow-entrypoint argoexec',
    // Executors of build systems.
    'bb_worker bb_runner buildbuddy-executor buildfarm-worker bazel bazelisk buck2 pants reclient rbe-worker',
  ].flatMap((line) => line.split(' ')),
);

/** Build programs whose name says nothing by itself, by their whole path. */
const buildPaths =
  /^\/(?:kaniko\/(?:executor|warmer)|tekton\/(?:bin|tools)\/entrypoint|cnb\/lifecycle\/[a-z]+|tools\/entrypoint)$/;

/** Programs that only start the program of the container. */
const starters =
  /^(?:sh|bash|dash|ash|busybox|tini|tini-static|dumb-init|catatonit|docker-init|s6-svscan|s6-supervise|rootlesskit|su-exec|gosu|setpriv|sudo|env|nohup|java|python[\d.]*|node|ruby)$/;

/** Whether a process runs a build program. */
export function isBuildProgram({ executable, script }: Pick<TreeProcess, 'executable' | 'script'>): boolean {
  return [executable, script].some(
    (path) => path !== null && (buildPrograms.has(baseName(path)) || buildPaths.test(path)),
  );
}

/** Tools that compile, test and pack software; git beside two of them makes a tool chain. */
const tools =
  'make gcc g++ cc go cargo rustc mvn gradle npm yarn pnpm pip pip3 docker buildctl bazel dotnet kubectl helm'.split(
    ' ',
  );
const folders = ['/usr/bin', '/usr/local/bin', '/bin', '/usr/local/go/bin', '/usr/local/cargo/bin'];

const chains = new WeakMap<ImageFacts, boolean>();

function isToolChain(image: ImageFacts): boolean {
  let known = chains.get(image);
  if (known === undefined) {
    const has = (tool: string) => folders.some((folder) => image.files.get(`${folder}/${tool}`) !== null);
    chains.set(image, (known = has('git') && tools.filter(has).length >= 2));
  }
  return known;
}

/** Evidence about a container beside its processes. */
export interface BuilderEvidence {
  image: ImageFacts | null;
  /** Whether the pod starts the image's own program; null if unknown. */
  startsAsImage: boolean | null;
  /** Whether the controller of a build system created the pod. */
  byBuildSystem: boolean;
  /** Whether no command that a user ran in the pod may have started the process. */
  isOfPod: boolean;
}

/**
 * Whether a process belongs to a build, though nothing declares its namespace. It must descend from
 * a build program in its own container, and two independent properties must agree: the image has
 * that program or is a tool chain, the container was started with it, the image defines it as its
 * program, a build system created the pod. Such a pod runs the image that the job names, which may
 * have no tool at all. What `kubectl exec` or an intruder starts beside the build descends from no
 * such program.
 *
 * @param chain the process and its ancestors in the same container
 */
export function isOfBuild(
  chain: readonly TreeProcess[],
  { image, startsAsImage, byBuildSystem, isOfPod }: BuilderEvidence,
): boolean {
  const at = chain.findLastIndex(isBuildProgram);
  const program = chain[at];
  const isStart = program !== undefined && chain.slice(at + 1).every(isStarter);
  if (program === undefined && !byBuildSystem) return false;
  const properties = [
    image !== null &&
      image.flagged.size === 0 &&
      (chain.some((process) => isInImage(process, image)) || isToolChain(image)),
    isStart,
    isStart && startsAsImage === true,
    byBuildSystem,
    byBuildSystem && isOfPod && !image?.flagged.size,
  ];
  return properties.filter(Boolean).length >= 2;
}

/** The runtime's copy of itself is the first process that a sensor sees in a container. */
function isStarter({ executable }: TreeProcess): boolean {
  return executable !== null && (starters.test(baseName(executable)) || isOwnCopy(executable));
}

function isInImage({ executable, script }: TreeProcess, image: ImageFacts): boolean {
  return [executable, script].some(
    (path) => path !== null && isBuildProgram({ executable: path, script: null }) && image.files.get(path) !== null,
  );
}
