import type { Observation, ObservedProcess } from '@tidewaiter/domain';

import { containerKey } from './container-key.js';
import { RecentMap } from './recent-map.js';
import { type KeptPairs, RecentPairs } from './recent-pairs.js';

/** What no other process is called. */
export interface ProcessName {
  /** `cluster/node` */
  node: string;
  id: string;
}

/** One process as it is remembered: from its start until it is forgotten, not until its end, since what it left behind tells later. */
export interface TreeProcess {
  name: ProcessName;
  parent: ProcessName | null;
  executable: string | null;
  container: string | null;
  uid: number | null;
  startedMs: number | null;
  exitedMs: number | null;
  /** Id of the event that told of its start. */
  startEvent: string | null;
  /** What alerts said of it, and when the last of them did. */
  suspicions: readonly string[];
  suspectedMs: number;
}

/** Those that nobody asked of for longest go first; what is still at work is asked of by what it starts. */
const maxProcesses = 50_000;
const maxNodes = 10_000;
/** Deeper trees than this are someone's attempt to make us walk. */
const maxDepth = 32;
const maxSuspicions = 8;
const sameStartMs = 2000;
/** A server that runs for months is not looked at for ever. */
const suspicionMs = 30 * 60_000;
const never = 0;
/** Nearly all processes share it. */
const unsuspected: readonly string[] = [];

/** A name as it is kept: of the node that it is kept with, the id alone. */
type KeptName = string | [node: string, id: string];

/** A process as it is kept: there are tens of thousands, and to write the names of their members would take as long as to write the rest. */
type KeptProcess = [
  parent: KeptName | null,
  executable: string | null,
  container: string | null,
  uid: number | null,
  startedMs: number | null,
  exitedMs: number | null,
  startEvent: string | null,
  suspicions: readonly string[],
  suspectedMs: number,
];

export interface KeptTree {
  processes: KeptPairs<string, KeptProcess>;
  onNodes: KeptPairs<number, KeptName>;
  inContainers: KeptPairs<number, KeptName>;
}

/** Where a process runs. */
interface Where {
  /** `cluster/node` */
  node: string;
  hasNode: boolean;
  container: string | null;
}

/**
 * Who started whom, over all nodes. Sensors with ids that live for ever (`exec_id`) are joined by them; where there are only pids, the
 * latest process of that number on the node, or in the container, is meant.
 */
export class ProcessTree {
  readonly #processes = new RecentPairs<string, TreeProcess>(maxProcesses);
  /** By number: the process that has it now. */
  readonly #onNodes = new RecentPairs<number, ProcessName>(maxProcesses);
  readonly #inContainers = new RecentPairs<number, ProcessName>(maxProcesses);
  /** One text for each, however many processes a node has. */
  readonly #nodes = new RecentMap<string>(maxNodes);

  /** Learns of the process that `observation` is about, and returns it; null where it is about none. */
  note(observation: Observation): TreeProcess | null {
    const { process } = observation;
    if (process === null) return null;
    const where = this.#whereIs(observation);
    const known = this.#find(process, where);
    if (known === null || (observation.activity === 'exec' && !isToldAgain(observation, process, known))) {
      return this.#add(observation, process, where, known);
    }
    if (observation.activity === 'exit') known.exitedMs = observation.timeMs;
    return known;
  }

  /** The process of an observation, where it was seen before. */
  find(observation: Observation): TreeProcess | null {
    return observation.process === null ? null : this.#find(observation.process, this.#whereIs(observation));
  }

  parentOf({ parent }: TreeProcess): TreeProcess | null {
    return parent && (this.#processes.get(parent.node, parent.id) ?? null);
  }

  /** From the parent upwards, nearest first. */
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

  /** What was said lately of a process and of those that it comes from. */
  suspicions(process: TreeProcess, timeMs: number): string[] {
    const suspected = [process, ...this.ancestors(process)].filter(
      ({ suspectedMs }) => timeMs - suspectedMs <= suspicionMs,
    );
    return [...new Set(suspected.flatMap(({ suspicions }) => suspicions))];
  }

  snapshot(): KeptTree {
    return {
      processes: this.#processes.snapshot(keepProcess),
      onNodes: this.#onNodes.snapshot(keepName),
      inContainers: this.#inContainers.snapshot(keepName),
    };
  }

  restore({ processes, onNodes, inContainers }: KeptTree): void {
    this.#processes.restore(processes, readProcess);
    this.#onNodes.restore(onNodes, readName);
    this.#inContainers.restore(inContainers, readName);
  }

  #whereIs(observation: Observation): Where {
    const { cluster, node } = observation;
    const name = `${cluster ?? ''}/${node ?? ''}`;
    let known = this.#nodes.get(name);
    if (known === undefined) this.#nodes.set(name, (known = name));
    return { node: known, hasNode: node !== null, container: containerKey(observation) };
  }

  #find({ execId, pid }: ObservedProcess, where: Where): TreeProcess | null {
    if (execId !== null) return this.#processes.get(where.node, execId) ?? null;
    const name = this.#numbered(pid, where);
    return (name && this.#processes.get(name.node, name.id)) ?? null;
  }

  /** The process that has the number now: on the node, else in the container. */
  #numbered(pid: number | null, { node, hasNode, container }: Where): ProcessName | null {
    if (pid === null) return null;
    const onNode = hasNode ? this.#onNodes.get(node, pid) : undefined;
    return onNode ?? (container === null ? null : (this.#inContainers.get(container, pid) ?? null));
  }

  #add(observation: Observation, process: ObservedProcess, where: Where, known: TreeProcess | null): TreeProcess {
    const { node, hasNode, container } = where;
    const { execId, pid, executable } = process;
    const isStart = observation.activity === 'exec';
    // The same start told twice, by two sensors or again, forgets nothing.
    const same = known?.executable === executable ? known : null;
    const name = { node, id: execId ?? `${container ?? ''}/${pid ?? 'unknown'}@${observation.timeMs}` };
    const added: TreeProcess = {
      name,
      parent: this.#parentOf(process, where),
      executable,
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

  /** A parent that started before the sensor did is remembered by what its child says of it. */
  #parentOf({ parentExecId, parentPid, parentExecutable }: ObservedProcess, where: Where): ProcessName | null {
    if (parentExecId === null) return this.#numbered(parentPid, where);
    const known = this.#processes.get(where.node, parentExecId);
    if (known !== undefined) return known.name;
    const name = { node: where.node, id: parentExecId };
    if (parentExecutable !== null) {
      this.#processes.set(name.node, name.id, {
        name,
        parent: null,
        executable: parentExecutable,
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

/** As one text. */
export function processKey({ name: { node, id } }: TreeProcess): string {
  return `${node}/${id}`;
}

/** Two sensors on one node tell of the same start, one with its id and one with its number. */
function isToldAgain({ timeMs }: Observation, { execId, executable }: ObservedProcess, known: TreeProcess): boolean {
  if (known.startedMs === null || known.executable !== executable) return false;
  return execId === null ? Math.abs(timeMs - known.startedMs) <= sameStartMs : timeMs === known.startedMs;
}

function keepProcess(process: TreeProcess, node: string): KeptProcess {
  const { parent, executable, container, uid, startedMs, exitedMs, startEvent, suspicions, suspectedMs } = process;
  const kept = parent && keepName(parent, node);
  return [kept, executable, container, uid, startedMs, exitedMs, startEvent, suspicions, suspectedMs];
}

function readProcess(kept: KeptProcess, node: string, id: string): TreeProcess {
  const [parent, executable, container, uid, startedMs, exitedMs, startEvent, suspicions, suspectedMs] = kept;
  const name = { node, id };
  const of = parent === null ? null : readName(parent, node);
  return { name, parent: of, executable, container, uid, startedMs, exitedMs, startEvent, suspicions, suspectedMs };
}

function keepName({ node, id }: ProcessName, place: string): KeptName {
  return node === place ? id : [node, id];
}

function readName(kept: KeptName, place: string): ProcessName {
  return typeof kept === 'string' ? { node: place, id: kept } : { node: kept[0], id: kept[1] };
}
