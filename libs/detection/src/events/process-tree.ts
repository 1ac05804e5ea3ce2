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
 * Process in memory. It stays for a while after its exit, because files and children that it left
 * may matter later.
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
  /** Time of the last event of the process or its children, by the tree's clock, in seconds. */
  heardS: number;
}

/**
 * Limit on processes; the least recently used are evicted first, and children keep a running parent
 * in use.
 */
const maxProcesses = 50_000;
const maxNodes = 10_000;
/** Time for which a process stays after its exit: events of it are evaluated again for an hour. */
const exitedS = 60 * 60;
/** Time for which a process stays of which no exit was reported, as few sensors report any. */
const silentS = 24 * 60 * 60;
/** Interval at which old processes are dropped. */
const forgetEveryS = 5 * 60;
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
  /** Missing in snapshots of earlier releases. */
  heardS?: number,
];

export interface PersistedTree {
  processes: PersistedPairs<string, PersistedProcess>;
  onNodes: PersistedPairs<number, PersistedName>;
  inContainers: PersistedPairs<number, PersistedName>;
  /** Missing in snapshots of earlier releases. */
  forgotS?: number;
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
  /** Detector's clock in seconds, as small integers, which take no heap memory; 0 at first. */
  #nowS = 0;
  #forgotS = 0;

  /** Moves the clock, and drops what is too old to matter. */
  advance(nowMs: number): void {
    this.#nowS = Math.max(this.#nowS, Math.floor(nowMs / 1_000));
    if (this.#nowS - this.#forgotS < forgetEveryS) return;
    this.#forgotS = this.#nowS;
    this.#forget();
  }

  /** Records the process of `observation`, and returns it; null where there is none. */
  note(observation: Observation): TreeProcess | null {
    const { process } = observation;
    if (process === null) return null;
    const where = this.#whereIs(observation);
    const known = this.#find(process, where);
    if (known === null || (observation.activity === 'exec' && !isRepeated(observation, process, known))) {
      return this.#add(observation, process, where, known);
    }
    known.heardS = this.#nowS;
    if (observation.activity === 'exit') known.exitedMs = observation.timeMs;
    return known;
  }

  /** Returns the process of an observation if it was recorded before. */
  find(observation: Observation): TreeProcess | null {
    return observation.process === null ? null : this.#find(observation.process, this.#whereIs(observation));
  }

  /** Whether an observation is a start that another one has reported already. */
  isKnownStart(observation: Observation): boolean {
    const { activity, process } = observation;
    if (activity !== 'exec' || process === null) return false;
    const known = this.#find(process, this.#whereIs(observation));
    return known !== null && isRepeated(observation, process, known);
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

  /** Whether the parent has started another process with such a program, still in memory. */
  hasSibling(process: TreeProcess, isWanted: (executable: string) => boolean): boolean {
    const { parent } = process;
    if (parent === null) return false;
    for (const each of this.#processes.values()) {
      const isSibling = each !== process && each.parent?.id === parent.id && each.parent.node === parent.node;
      if (isSibling && each.executable !== null && isWanted(each.executable)) return true;
    }
    return false;
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
      forgotS: this.#forgotS,
    };
  }

  restore({ processes, onNodes, inContainers, forgotS = 0 }: PersistedTree): void {
    this.#processes.restore(processes, readProcess);
    this.#onNodes.restore(onNodes, readName);
    this.#inContainers.restore(inContainers, readName);
    this.#forgotS = forgotS;
  }

  /**
   * Drops processes that ended long ago, or of which nothing was heard for long, with no process in
   * memory below them. An event that mentions one again creates it again.
   */
  #forget(): void {
    const kept = new Set<TreeProcess>(this.#firstOfContainers());
    for (const process of this.#processes.values()) {
      // From an older snapshot, or from before the clock started.
      if (process.heardS === 0) process.heardS = this.#nowS;
      if (this.#nowS - process.heardS < (process.exitedMs === null ? silentS : exitedS)) kept.add(process);
    }
    // A process that was started by them may still act.
    for (const process of kept) {
      const parent = process.parent && this.#processes.peek(process.parent.node, process.parent.id);
      if (parent) kept.add(parent);
    }
    this.#processes.retain((process) => kept.has(process));
    const isKept = ({ node, id }: ProcessName) => this.#processes.peek(node, id) !== undefined;
    this.#onNodes.retain(isKept);
    this.#inContainers.retain(isKept);
  }

  /** Oldest process of each container that runs: a server may be silent for weeks. */
  #firstOfContainers(): Iterable<TreeProcess> {
    const first = new Map<string, TreeProcess>();
    for (const process of this.#processes.values()) {
      const { container, exitedMs, startedMs } = process;
      if (container === null || exitedMs !== null) continue;
      const other = first.get(container);
      if (other === undefined || (startedMs ?? 0) < (other.startedMs ?? 0)) first.set(container, process);
    }
    return first.values();
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
    const isEnd = observation.activity === 'exit';
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
      exitedMs: isEnd ? observation.timeMs : null,
      startEvent: isStart ? observation.id : null,
      suspicions: same?.suspicions ?? unsuspected,
      suspectedMs: same?.suspectedMs ?? never,
      heardS: this.#nowS,
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
    const name = parentExecId === null ? this.#numbered(parentPid, where) : { node: where.node, id: parentExecId };
    const known = name && this.#processes.get(name.node, name.id);
    if (known) {
      known.heardS = this.#nowS;
      return known.name;
    }
    if (parentExecId !== null && name !== null && parentExecutable !== null) {
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
        heardS: this.#nowS,
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
  const { parent, executable, container, uid, startedMs, exitedMs, startEvent, suspicions, suspectedMs } = process;
  const { script, heardS } = process;
  const kept = parent && keepName(parent, node);
  return [kept, executable, container, uid, startedMs, exitedMs, startEvent, suspicions, suspectedMs, script, heardS];
}

function readProcess(kept: PersistedProcess, node: string, id: string): TreeProcess {
  const [parent, executable, container, uid, startedMs, exitedMs, startEvent, ...more] = kept;
  const [suspicions, suspectedMs, script, heardS = 0] = more;
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
    heardS,
  };
}

function keepName({ node, id }: ProcessName, place: string): PersistedName {
  return node === place ? id : [node, id];
}

function readName(kept: PersistedName, place: string): ProcessName {
  return typeof kept === 'string' ? { node: place, id: kept } : { node: kept[0], id: kept[1] };
}
