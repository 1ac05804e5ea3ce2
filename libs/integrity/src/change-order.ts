import { type FileChange, fileKinds } from './file-changes.js';
import type { ConfigChange } from './kept-config.js';
import type { PackageChange } from './package-changes.js';

// Of long lists only the beginning is kept: what tells most of an attack or a mistake comes first. What is alike stays in its order.

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

export function mostTellingFirst<Change extends FileChange>(changes: readonly Change[]): Change[] {
  const ranks = fileKinds.length * changeOrder.length;
  return ranked(changes, ({ isNewSetuid, kind, change, upgradedWith }) => {
    if (isNewSetuid) return -1;
    // A package with another version brings hundreds of other files, which that version explains.
    const explained = upgradedWith ? ranks : 0;
    return explained + fileKinds.indexOf(kind) * changeOrder.length + changeOrder.indexOf(change);
  });
}

const fieldOrder = ['user', 'entrypoint', 'cmd', 'healthcheck', 'port', 'volume', 'env', 'label'];

/** What is started, and as whom, before variables and labels. */
export function mostCommandingFirst<Change extends ConfigChange>(changes: readonly Change[]): Change[] {
  return ranked(changes, ({ field }) => fieldOrder.indexOf(field.split(' ', 1)[0] ?? ''));
}

/** By a few ranks, in one pass: an image may change every one of half a million files. */
function ranked<Item>(items: readonly Item[], rankOf: (item: Item) => number): Item[] {
  const byRank = [...Map.groupBy(items, rankOf)].toSorted(([a], [b]) => a - b);
  return byRank.flatMap(([, alike]) => alike);
}
