import type { IncidentDetail } from '../../api/types.js';

type Process = IncidentDetail['processes'][number];

/** A process with those that it started. */
export interface ProcessBranch {
  process: Process;
  children: ProcessBranch[];
}

/** The processes of an answer as trees, in their order. */
export function processBranches(processes: readonly Process[]): ProcessBranch[] {
  const branches = new Map<number, ProcessBranch>();
  for (const process of processes) branches.set(process.id, { process, children: [] });
  const roots: ProcessBranch[] = [];
  for (const branch of branches.values()) {
    const parent = branch.process.parent === null ? undefined : branches.get(branch.process.parent);
    (parent?.children ?? roots).push(branch);
  }
  return roots;
}
