import type { Observation } from '@tidewaiter/domain';
import { factField, type FactContext, type ImageFacts } from '@tidewaiter/facts';

import { isOfBuild } from './builder.js';
import type { PodOrigins } from './pod-origins.js';
import type { ProcessTree, TreeProcess } from './process-tree.js';
import { isOwnCopy } from './session.js';

interface Scene {
  observation: Observation;
  process: TreeProcess | null;
  tree: ProcessTree;
  origins: PodOrigins;
  facts: FactContext;
}

/**
 * Role of an event, `Image.Role`: as the policy and the labels of the namespace declare it, else as
 * the container shows it.
 */
export function roleOfEvent(scene: Scene): unknown {
  // Many rules read the role of one event, one after the other.
  if (last?.scene !== scene) last = { scene, role: recognizedRole(scene) };
  return last.role;
}

let last: { scene: Scene; role: unknown } | undefined;

function recognizedRole(scene: Scene): unknown {
  const { observation, process, facts } = scene;
  const declared = factField('Image.Role', observation, facts);
  if (declared !== 'app' || (observation.container === null && observation.pod === null)) return declared;
  const origin = scene.origins.originOf(observation);
  if (origin === 'admin') return 'debug';
  if (process === null) return declared;
  if (observation.process?.inInitTree === false && scene.origins.visitorOf(observation) === 'admin') return 'debug';
  // A sensor that names neither the process nor its parent: the container is all that is known.
  const isUnplaced = process.parent === null && observation.process?.pid == null;
  if (isUnplaced && scene.origins.isBuilder(observation)) return 'builder';
  const chain = inOneContainer(scene.tree, process);
  const digest = facts.digestOf(observation);
  const overrides = facts.overridesOf(observation);
  const image = digest === null ? null : facts.facts.image(digest);
  if (origin === 'node-agent' && image !== null && isOwnWork(scene, chain, image)) return 'agent';
  const startsAsImage = overrides === null ? null : !overrides.includes('command');
  const inTree = observation.process?.inInitTree;
  const isOfPod = inTree === true || (inTree !== false && !scene.origins.wasVisited(observation));
  const evidence = { image, startsAsImage, byBuildSystem: origin === 'build-system', isOfPod };
  if (!isOfBuild(chain, evidence)) return declared;
  scene.origins.noteBuilder(observation);
  return 'builder';
}

/**
 * Whether a process of a DaemonSet does its own work: all that leads to it is in the image and
 * descends from the first process. What it does in the namespaces of the host counts, too.
 */
function isOwnWork({ observation, origins, facts }: Scene, chain: readonly TreeProcess[], image: ImageFacts): boolean {
  const workload = facts.workloadOf(observation);
  if (workload === null || observation.process?.inInitTree === false || image.flagged.size > 0) return false;
  if (origins.isForeign(observation.cluster, workload.namespace, workload.name)) return false;
  const entering = chain.findLastIndex(({ executable }) => /\/(?:nsenter|chroot)$/.test(executable ?? ''));
  const own = chain.slice(Math.max(entering, 0)).filter(({ executable }) => !isOwnCopy(executable ?? ''));
  return own.length > 0 && own.every(({ executable }) => executable !== null && image.files.get(executable) !== null);
}

function inOneContainer(tree: ProcessTree, process: TreeProcess): TreeProcess[] {
  return [process, ...tree.ancestors(process).filter(({ container }) => container === process.container)];
}
