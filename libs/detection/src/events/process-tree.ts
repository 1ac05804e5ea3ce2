import { type PersistedPairs, RecentMap, RecentPairs } from '@tidewaiter/collections';
import { type Observation, type ObservedProcess, unknownProcess } from '@tidewaiter/domain';

import { containerKey } from './container-key.js';
import { scriptOf } from './program.js';

/** Unique name of a process. */
export interface ProcessName {
  /** `cluster/node` */
  node: string;
  id: string;
}

/**
 * Process in memory. It stays after its exit until it is evicted, because files and children that
 * it left may matter later.
 */
export interface TreeProcess {
  name: ProcessName;
  parent: ProcessName | null;
  executable: string | null;
  /** Script or archive that the executable, an interpreter, runs. */
  script: string | null;
  container: string | null;
  uid: number | null;
  startedMs: number | null;
  exitedMs: number | null;
  /** Id of the event that reported its start. */
  startEvent: string | null;
  /** Findings of alerts about it; `suspectedMs` is the time of the last. */
  suspicions: readonly string[];
  suspectedMs: number;
}

/**
 * Limit on processes; the least recently used are evicted first, and children keep a running parent
 * in use.
 */
const maxProcesses = 50_000;
const maxNodes = 10_000;
/**
 * Limit on the depth of the tree: an attacker may build a deep one to make each look-up expensive.
 */
export const maxDepth = 32;
const maxSuspicions = 8;
const sameStartMs = 2000;
/** Period of suspicion: a server that runs for months must not be suspected forever. */
const suspicionMs = 30 * 60_000;
const never = 0;
/** Shared by nearly all processes, to save memory. */
const unsuspected: readonly string[] = [];

/** Serialized name: the id alone if the node is the one under which it is stored. */
type PersistedName = string | [node: string, id: string];

/**
 * Serialized process. A tuple, since there are tens of thousands and writing member names would
 * double the time.
 */
type PersistedProcess = [
  parent: PersistedName | null,
  executable: string | null,
  container: string | null,
  uid: number | null,
  startedMs: number | null,
  exitedMs: number | null,
  startEvent: string | null,
  suspicions: readonly string[],
  suspectedMs: number,
  script: string | null,
];

export interface PersistedTree {
  processes: PersistedPairs<string, PersistedProcess>;
  onNodes: PersistedPairs<number, PersistedName>;
  inContainers: PersistedPairs<number, PersistedName>;
}

/** Node and container of a process. */
interface ProcessHost {
  /** `cluster/node` */
  node: string;
  hasNode: boolean;
  container: string | null;
}

/**
 * Process tree over all nodes. Sensors with globally unique ids (`exec_id`) are joined by them; a
 * pid alone means its latest process on the node or in the container.
 */
export class ProcessTree {
  readonly #processes = new RecentPairs<string, TreeProcess>(maxProcesses);
  /** Current process of each pid. */
  readonly #onNodes = new RecentPairs<number, ProcessName>(maxProcesses);
  readonly #inContainers = new RecentPairs<number, ProcessName>(maxProcesses);
  /** Interned node names: one string for all processes of a node. */
  readonly #nodes = new RecentMap<string>(maxNodes);

  /** Records the process of `observation`, and returns it; null where there is none. */
  note(observation: Observation): TreeProcess | null {
    const { process } = observation;
    if (process === null) return null;
    const where = this.#whereIs(observation);
    const known = this.#find(process, where);
    if (known === null || (observation.activity === 'exec' && !isRepeated(observation, process, known))) {
      return this.#add(observation, process, where, known);
    }
    if (observation.activity === 'exit') known.exitedMs = observation.timeMs;
    return known;
  }

  /** Returns the process of an observation if it was recorded before. */
  find(observation: Observation): TreeProcess | null {
    return observation.process === null ? null : this.#find(observation.process, this.#whereIs(observation));
  }

  parentOf({ parent }: TreeProcess): TreeProcess | null {
    return parent && (this.#processes.get(parent.node, parent.id) ?? null);
  }

  /** Returns the ancestors, the parent first. */
  ancestors(process: TreeProcess): TreeProcess[] {
    const found: TreeProcess[] = [];
    for (let at: TreeProcess | undefined = process; at.parent !== null && found.length < maxDepth;) {
      at = this.#processes.get(at.parent.node, at.parent.id);
      if (at === undefined || found.includes(at)) break;
      found.push(at);
    }
    return found;
  }

  suspect(process: TreeProcess, what: string, timeMs: number): void {
    process.suspectedMs = Math.max(process.suspectedMs, timeMs);
    if (process.suspicions.length < maxSuspicions && !process.suspicions.includes(what)) {
      process.suspicions = [...process.suspicions, what];
    }
  }

  /** Recent suspicions about a process and its ancestors. */
  suspicions(process: TreeProcess, timeMs: number): string[] {
    const suspected = [process, ...this.ancestors(process)].filter(
      ({ suspectedMs }) => timeMs - suspectedMs <= suspicionMs,
    );
    return [...new Set(suspected.flatMap(({ suspicions }) => suspicions))];
  }

  snapshot(): PersistedTree {
    return {
      processes: this.#processes.snapshot(keepProcess),
      onNodes: this.#onNodes.snapshot(keepName),
      inContainers: this.#inContainers.snapshot(keepName),
    };
  }

  restore({ processes, onNodes, inContainers }: PersistedTree): void {
    this.#processes.restore(processes, readProcess);
    this.#onNodes.restore(onNodes, readName);
    this.#inContainers.restore(inContainers, readName);
  }

  #whereIs(observation: Observation): ProcessHost {
    const { cluster, node } = observation;
    const name = `${cluster ?? ''}/${node ?? ''}`;
    let known = this.#nodes.get(name);
    if (known === undefined) this.#nodes.set(name, (known = name));
    return { node: known, hasNode: node !== null, container: containerKey(observation) };
  }

  #find({ execId, pid }: ObservedProcess, where: ProcessHost): TreeProcess | null {
    if (execId !== null) return this.#processes.get(where.node, execId) ?? null;
    const name = this.#numbered(pid, where);
    return (name && this.#processes.get(name.node, name.id)) ?? null;
  }

  /** Returns the process that has the pid now: on the node, else in the container. */
  #numbered(pid: number | null, { node, hasNode, container }: ProcessHost): ProcessName | null {
    if (pid === null) return null;
    const onNode = hasNode ? this.#onNodes.get(node, pid) : undefined;
    return onNode ?? (container === null ? null : (this.#inContainers.get(container, pid) ?? null));
  }

  #add(observation: Observation, process: ObservedProcess, where: ProcessHost, known: TreeProcess | null): TreeProcess {
    const { node, hasNode, container } = where;
    const { execId, pid, executable } = process;
    const isStart = observation.activity === 'exec';
    // A start that is reported twice, by two sensors or as a duplicate, keeps its suspicions.
    const same = known?.executable === executable ? known : null;
    const name = { node, id: execId ?? `${container ?? ''}/${pid ?? 'unknown'}@${observation.timeMs}` };
    const added: TreeProcess = {
      name,
      parent: this.#parentOf(process, where),
      executable,
      script: scriptOf(process),
      container,
      uid: process.uid,
      startedMs: isStart ? observation.timeMs : null,
      exitedMs: null,
      startEvent: isStart ? observation.id : null,
      suspicions: same?.suspicions ?? unsuspected,
      suspectedMs: same?.suspectedMs ?? never,
    };
    this.#processes.set(node, name.id, added);
    if (pid !== null && hasNode) this.#onNodes.set(node, pid, name);
    if (pid !== null && container !== null) this.#inContainers.set(container, pid, name);
    return added;
  }

  /**
   * Returns the parent's name. A parent that started before the sensor gets the executable that its
   * child reports.
   */
  #parentOf(
    { parentExecId, parentPid, parentExecutable, parentCommandLine }: ObservedProcess,
    where: ProcessHost,
  ): ProcessName | null {
    if (parentExecId === null) return this.#numbered(parentPid, where);
    const known = this.#processes.get(where.node, parentExecId);
    if (known !== undefined) return known.name;
    const name = { node: where.node, id: parentExecId };
    if (parentExecutable !== null) {
      this.#processes.set(name.node, name.id, {
        name,
        parent: null,
        executable: parentExecutable,
        script: scriptOf({ ...unknownProcess(), executable: parentExecutable, commandLine: parentCommandLine }),
        container: null,
        uid: null,
        startedMs: null,
        exitedMs: null,
        startEvent: null,
        suspicions: unsuspected,
        suspectedMs: never,
      });
    }
    return name;
  }
}

/** Formats the name of a process as one text. */
export function processKey({ name: { node, id } }: TreeProcess): string {
  return `${node}/${id}`;
}

/**
 * Whether another sensor on the node already reported this start: one by exec id, the other by pid.
 */
function isRepeated({ timeMs }: Observation, { execId, executable }: ObservedProcess, known: TreeProcess): boolean {
  if (known.startedMs === null || known.executable !== executable) return false;
  return execId === null ? Math.abs(timeMs - known.startedMs) <= sameStartMs : timeMs === known.startedMs;
}

function keepProcess(process: TreeProcess, node: string): PersistedProcess {
  const { parent, executable, container, uid, startedMs, exitedMs, startEvent, suspicions, suspectedMs, script } =
    process;
  const kept = parent && keepName(parent, node);
  return [kept, executable, container, uid, startedMs, exitedMs, startEvent, suspicions, suspectedMs, script];
}

function readProcess(kept: PersistedProcess, node: string, id: string): TreeProcess {
  const [parent, executable, container, uid, startedMs, exitedMs, startEvent, suspicions, suspectedMs, script] = kept;
  const name = { node, id };
  const of = parent === null ? null : readName(parent, node);
  return {
    name,
    parent: of,
    executable,
    script,
    container,
    uid,
    startedMs,
    exitedMs,
    startEvent,
    suspicions,
    suspectedMs,
  };
}

function keepName({ node, id }: ProcessName, place: string): PersistedName {
  return node === place ? id : [node, id];
}

function readName(kept: PersistedName, place: string): ProcessName {
  return typeof kept === 'string' ? { node: place, id: kept } : { node: kept[0], id: kept[1] };
}
