import { type IncidentEvidence, printable, runtimeSources } from '@tidewaiter/domain';
import { observe } from '@tidewaiter/sensors';

/** A process that the evidence of an incident names, or the parent of one. */
export interface EvidenceProcess {
  /** Number in the answer. */
  id: number;
  /** Parent in the answer; null where none is known. */
  parent: number | null;
  pid: number | null;
  executable: string | null;
  commandLine: string | null;
  user: string | null;
  /** `namespace/pod/container`, or the node. */
  where: string | null;
  /** Acts that the evidence has of it; none of a parent that only its children name. */
  acts: { event: string; at: string; rule: string; text: string }[];
}

/** Limit on the processes of one incident; its evidence is bounded, too. */
const maxProcesses = 200;
const maxTextLength = 1_000;

/** A process as one record names it. */
interface NamedProcess {
  /** Id of the sensor, which is unique over time. */
  execId: string | null;
  /** Container or node within which the pid counts. */
  place: string;
  pid: number | null;
  executable: string | null;
  commandLine: string | null;
  user: string | null;
  where: string | null;
}

interface Known extends NamedProcess {
  parent: Known | null;
  acts: EvidenceProcess['acts'];
}

/**
 * Processes by the sensors' records in the evidence of an incident, with their parents, in the
 * order in which they are first seen.
 */
export function processTree(evidence: readonly IncidentEvidence[]): EvidenceProcess[] {
  const all: Known[] = [];
  const find = (named: NamedProcess): Known | null => {
    if (named.execId === null && named.pid === null) return null;
    const known = all.findLast((each) => isSame(each, named));
    if (known) return Object.assign(known, unknownParts(known, named));
    if (all.length >= maxProcesses) return null;
    const added = { ...named, parent: null, acts: [] };
    all.push(added);
    return added;
  };
  for (const item of evidence.toSorted((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at)))) {
    const named = processesOf(item);
    const process = named && find(named.self);
    if (!process) continue;
    process.acts.push({ event: item.event, at: item.at, rule: item.rule, text: short(item.text) });
    const parent = find(named.parent);
    if (parent && process.parent === null && !descendsFrom(parent, process)) process.parent = parent;
  }
  const numbers = new Map(all.map((process, index) => [process, index]));
  return all.map(({ execId: _, place: __, parent, ...process }, id) => ({
    id,
    parent: parent && numbers.get(parent)!,
    ...process,
  }));
}

/**
 * Whether a record names a known process. A pid names many in time, so that its command line has
 * to agree where both are known.
 */
function isSame(known: NamedProcess, named: NamedProcess): boolean {
  if (known.execId !== null && named.execId !== null) return known.execId === named.execId;
  if (known.pid === null || known.pid !== named.pid || known.place !== named.place) return false;
  return known.commandLine === null || named.commandLine === null || known.commandLine === named.commandLine;
}

function unknownParts(known: NamedProcess, named: NamedProcess): Partial<NamedProcess> {
  return {
    execId: known.execId ?? named.execId,
    pid: known.pid ?? named.pid,
    executable: known.executable ?? named.executable,
    commandLine: known.commandLine ?? named.commandLine,
    user: known.user ?? named.user,
  };
}

/** The acting process of a record and its parent; null where the record names none. */
function processesOf({ event, at, source, where, record }: IncidentEvidence) {
  const known = runtimeSources.find((each) => each === source);
  if (record === null || known === undefined) return null;
  const { process, container } = observe({
    ...{ id: event, source: known, sensor: '', cluster: null, node: null, at, event: record },
  });
  if (process === null) return null;
  // Some sensors cut the id of a container.
  const place = container?.id?.slice(0, 12) ?? where ?? '';
  const { execId, executable, name, pid, user, parentExecId, parentPid, parentExecutable, parentCommandLine } = process;
  const commandLine = process.commandLine ?? process.arguments;
  return {
    self: { execId, pid, place, where, user, ...texts(executable ?? name, commandLine) },
    parent: {
      ...{ execId: parentExecId, pid: parentPid, place, where, user: null },
      ...texts(parentExecutable, parentCommandLine),
    },
  };
}

function texts(executable: string | null, commandLine: string | null) {
  return { executable: executable && short(executable), commandLine: commandLine && short(commandLine) };
}

/** Whether a process is another, or comes from it: forged records must not make a circle. */
function descendsFrom(process: Known, other: Known): boolean {
  for (let at: Known | null = process; at !== null; at = at.parent) if (at === other) return true;
  return false;
}

function short(text: string): string {
  return printable(text, maxTextLength);
}
