import { type FileChange, fileKinds } from './file-changes.js';
import type { PackageChange } from './package-changes.js';
import type { ConfigChange } from './stored-config.js';

// Long lists are cut at the end, so changes that most likely indicate an attack or a mistake come
// first. Changes of equal rank keep their order.

export function versionChange({ before, after }: PackageChange): 'added' | 'removed' | 'changed' {
  if (before === null) return 'added';
  return after === null ? 'removed' : 'changed';
}

export function fileChange({ change }: FileChange): 'added' | 'removed' | 'changed' {
  return change === 'added' || change === 'removed' ? change : 'changed';
}

const versionOrder = ['added', 'changed', 'removed'];

export function newFirst<Change extends PackageChange>(changes: readonly Change[]): Change[] {
  return ranked(changes, (change) => versionOrder.indexOf(versionChange(change)));
}

const changeOrder: FileChange['change'][] = ['added', 'content', 'type', 'link', 'mode', 'owner', 'removed'];

export function mostRelevantFirst<Change extends FileChange>(changes: readonly Change[]): Change[] {
  const ranks = fileKinds.length * changeOrder.length;
  return ranked(changes, ({ isNewSetuid, kind, change, upgradedWith }) => {
    if (isNewSetuid) return -1;
    // An upgraded package changes hundreds of files, which its new version explains.
    const explained = upgradedWith ? ranks : 0;
    return explained + fileKinds.indexOf(kind) * changeOrder.length + changeOrder.indexOf(change);
  });
}

const fieldOrder = ['user', 'entrypoint', 'cmd', 'healthcheck', 'port', 'volume', 'env', 'label'];

/** Sorts changes of the command and its user before those of variables and labels. */
export function mostCommandingFirst<Change extends ConfigChange>(changes: readonly Change[]): Change[] {
  return ranked(changes, ({ field }) => fieldOrder.indexOf(field.split(' ', 1)[0] ?? ''));
}

/** Stable sort by a few ranks, in one pass: an image may change each of half a million files. */
function ranked<Item>(items: readonly Item[], rankOf: (item: Item) => number): Item[] {
  const byRank = [...Map.groupBy(items, rankOf)].toSorted(([a], [b]) => a - b);
  return byRank.flatMap(([, alike]) => alike);
}
