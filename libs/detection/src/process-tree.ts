import type { Observation, ObservedProcess } from '@tidewaiter/domain';

import { containerKey } from './container-key.js';
import { type KeptMap, RecentMap } from './recent-map.js';

/** One process as it is remembered: from its start until it is forgotten, not until its end, since what it left behind tells later. */
export interface TreeProcess {
  key: string;
  parent: string | null;
  executable: string | null;
  container: string | null;
  uid: number | null;
  startedMs: number | null;
  exitedMs: number | null;
  /** Id of the event that told of its start. */
  startEvent: string | null;
  /** What alerts said of it, and when the last of them did. */
  suspicions: string[];
  suspectedMs: number;
}

/** Those that nobody asked of for longest go first; what is still at work is asked of by what it starts. */
const maxProcesses = 50_000;
/** Deeper trees than this are someone's attempt to make us walk. */
const maxDepth = 32;
const maxSuspicions = 8;
const sameStartMs = 2000;
/** A server that runs for months is not looked at for ever. */
const suspicionMs = 30 * 60_000;
const never = 0;

export interface KeptTree {
  processes: KeptMap<TreeProcess>;
  byPid: KeptMap<string>;
}

/**
 * Who started whom, over all nodes. Sensors with ids that live for ever (`exec_id`) are joined by them; where there are only pids, the
 * latest process of that number on the node, or in the container, is meant.
 */
export class ProcessTree {
  readonly #processes = new RecentMap<TreeProcess>(maxProcesses);
  /** Number on a node, or in a container, to the process that has it now. */
  readonly #byPid = new RecentMap<string>(maxProcesses);

  /** Learns of the process that `observation` is about, and returns it; null where it is about none. */
  note(observation: Observation): TreeProcess | null {
    const { process } = observation;
    if (process === null) return null;
    const known = this.#find(observation, process);
    if (known === null || (observation.activity === 'exec' && !isToldAgain(observation, process, known))) {
      return this.#add(observation, process, known);
    }
    if (observation.activity === 'exit') known.exitedMs = observation.timeMs;
    return known;
  }

  /** The process of an observation, where it was seen before. */
  find(observation: Observation): TreeProcess | null {
    return observation.process === null ? null : this.#find(observation, observation.process);
  }

  #find(observation: Observation, process: ObservedProcess): TreeProcess | null {
    if (process.execId !== null) return this.#processes.get(idKey(observation, process.execId)) ?? null;
    const key = pidKeys(observation, process.pid)
      .map((pid) => this.#byPid.get(pid))
      .find((found) => found !== undefined);
    return (key !== undefined && this.#processes.get(key)) || null;
  }

  /** From the parent upwards, nearest first. */
  ancestors(process: TreeProcess): TreeProcess[] {
    const found: TreeProcess[] = [];
    for (let at: TreeProcess | undefined = process; at.parent !== null && found.length < maxDepth;) {
      at = this.#processes.get(at.parent);
      if (at === undefined || found.includes(at)) break;
      found.push(at);
    }
    return found;
  }

  suspect(process: TreeProcess, what: string, timeMs: number): void {
    process.suspectedMs = Math.max(process.suspectedMs, timeMs);
    if (process.suspicions.length < maxSuspicions && !process.suspicions.includes(what)) process.suspicions.push(what);
  }

  /** What was said lately of a process and of those that it comes from. */
  suspicions(process: TreeProcess, timeMs: number): string[] {
    const suspected = [process, ...this.ancestors(process)].filter(
      ({ suspectedMs }) => timeMs - suspectedMs <= suspicionMs,
    );
    return [...new Set(suspected.flatMap(({ suspicions }) => suspicions))];
  }

  snapshot(): KeptTree {
    return { processes: this.#processes.snapshot(), byPid: this.#byPid.snapshot() };
  }

  restore({ processes, byPid }: KeptTree): void {
    this.#processes.restore(processes);
    this.#byPid.restore(byPid);
  }

  #add(observation: Observation, process: ObservedProcess, known: TreeProcess | null): TreeProcess {
    const isStart = observation.activity === 'exec';
    // The same start told twice, by two sensors or again, forgets nothing.
    const same = known?.executable === process.executable ? known : null;
    const added: TreeProcess = {
      key: keyOf(observation, process),
      parent: this.#parentOf(observation, process),
      executable: process.executable,
      container: containerKey(observation),
      uid: process.uid,
      startedMs: isStart ? observation.timeMs : null,
      exitedMs: null,
      startEvent: isStart ? observation.id : null,
      suspicions: same?.suspicions ?? [],
      suspectedMs: same?.suspectedMs ?? never,
    };
    this.#processes.set(added.key, added);
    for (const pid of pidKeys(observation, process.pid)) this.#byPid.set(pid, added.key);
    return added;
  }

  /** A parent that started before the sensor did is remembered by what its child says of it. */
  #parentOf(observation: Observation, process: ObservedProcess): string | null {
    const { parentExecId, parentPid, parentExecutable } = process;
    if (parentExecId === null) {
      return (
        pidKeys(observation, parentPid)
          .map((pid) => this.#byPid.get(pid))
          .find((key) => key !== undefined) ?? null
      );
    }
    const key = idKey(observation, parentExecId);
    if (parentExecutable !== null && this.#processes.get(key) === undefined) {
      this.#processes.set(key, {
        key,
        parent: null,
        executable: parentExecutable,
        container: null,
        uid: null,
        startedMs: null,
        exitedMs: null,
        startEvent: null,
        suspicions: [],
        suspectedMs: never,
      });
    }
    return key;
  }
}

/** Two sensors on one node tell of the same start, one with its id and one with its number. */
function isToldAgain({ timeMs }: Observation, { execId, executable }: ObservedProcess, known: TreeProcess): boolean {
  if (known.startedMs === null || known.executable !== executable) return false;
  return execId === null ? Math.abs(timeMs - known.startedMs) <= sameStartMs : timeMs === known.startedMs;
}

function keyOf(observation: Observation, process: ObservedProcess): string {
  if (process.execId !== null) return idKey(observation, process.execId);
  return `${pidKeys(observation, process.pid)[0] ?? 'unknown'}@${observation.timeMs}`;
}

function idKey({ cluster, node }: Observation, execId: string): string {
  return `${cluster ?? ''}/${node ?? ''}/${execId}`;
}

function pidKeys(observation: Observation, pid: number | null): string[] {
  if (pid === null) return [];
  const { cluster, node } = observation;
  const container = containerKey(observation);
  const keys = node === null ? [] : [`node:${cluster ?? ''}/${node}/${pid}`];
  return container === null ? keys : [...keys, `container:${container}/${pid}`];
}
