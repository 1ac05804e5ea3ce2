import { type ConfigChange, isRoot } from './kept-config.js';
import type { PushChanges } from './push-changes.js';

/** What a push changed in a few numbers. Null is what is not known. */
export interface ChangeSummary {
  isComplete: boolean;
  packages: { added: number; removed: number; changed: number };
  findings: { introduced: number; resolved: number };
  files: { added: number; removed: number; changed: number; newSetuid: number } | null;
  buildSteps: number | null;
  newHosts: number | null;
  entrypointChanged: boolean | null;
  userChanged: boolean | null;
  becameRoot: boolean | null;
  baseChanged: boolean | null;
}

/** Sums up. */
export function summaryOf(changes: PushChanges): ChangeSummary {
  const { packages, files, config, findings } = changes;
  const sets = (field: string) => config?.items.filter((change) => change.field === field) ?? null;
  const user = sets('user');
  return {
    isComplete: changes.isComplete,
    packages: { added: packages.added, removed: packages.removed, changed: packages.changed },
    findings: { introduced: findings.introduced.total, resolved: findings.resolved.total },
    files: files && { added: files.added, removed: files.removed, changed: files.changed, newSetuid: files.newSetuid },
    buildSteps: changes.steps?.total ?? null,
    newHosts: changes.hosts?.total ?? null,
    entrypointChanged: some(sets('entrypoint')),
    userChanged: some(user),
    becameRoot: user && user.some(becomesRoot),
    baseChanged: isBaseChanged(changes),
  };
}

function isBaseChanged({ base, platforms }: PushChanges): boolean | null {
  if (base.some(({ isChanged }) => isChanged)) return true;
  const isUnknown =
    base.some(({ isChanged }) => isChanged === null) || platforms.some(({ change }) => change === 'unread');
  return isUnknown ? null : false;
}

function some(list: readonly unknown[] | null): boolean | null {
  return list && list.length > 0;
}

/** Whether a change of the user gives the image root's rights. */
export function becomesRoot({ field, before, after }: ConfigChange): boolean {
  return field === 'user' && before !== null && after !== null && !isRoot(before) && isRoot(after);
}
