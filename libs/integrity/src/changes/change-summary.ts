import type { ImageOrigin } from './image-state.js';
import type { PushChanges } from './push-changes.js';
import { type ConfigChange, isRoot } from './stored-config.js';

/** Counts and flags that summarize the changes of a push. Null means unknown. */
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
  /** This and the following fields are absent if signatures were not requested. */
  revisionChanged?: boolean | null;
  builderChanged?: boolean | null;
  signersChanged?: boolean | null;
}

/** Summarizes the changes of a push. */
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
    ...(changes.origin && originSummary(changes.origin)),
  };
}

function isBaseChanged({ base, platforms }: PushChanges): boolean | null {
  if (base.some(({ isChanged }) => isChanged)) return true;
  const isUnknown =
    base.some(({ isChanged }) => isChanged === null) || platforms.some(({ change }) => change === 'unread');
  return isUnknown ? null : false;
}

function originSummary(origins: NonNullable<PushChanges['origin']>) {
  const changed = (field: keyof ImageOrigin) => {
    const states = origins.map(({ before, after }) => isChanged(before?.[field] ?? null, after?.[field] ?? null));
    return states.includes(true) || (states.includes(null) ? null : false);
  };
  return {
    revisionChanged: changed('revision'),
    builderChanged: changed('builder'),
    signersChanged: changed('signers'),
  };
}

function isChanged(
  before: string | readonly string[] | null,
  after: string | readonly string[] | null,
): boolean | null {
  return before === null || after === null ? null : JSON.stringify(before) !== JSON.stringify(after);
}

function some(list: readonly unknown[] | null): boolean | null {
  return list && list.length > 0;
}

/** Whether a change of the user makes the image run as root. */
export function becomesRoot({ field, before, after }: ConfigChange): boolean {
  return field === 'user' && before !== null && after !== null && !isRoot(before) && isRoot(after);
}
