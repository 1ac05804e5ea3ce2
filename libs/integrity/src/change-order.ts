import { type FileChange, fileKinds } from './file-changes.js';
import type { PackageChange } from './image-diff.js';
import type { ConfigChange } from './kept-config.js';

// Of long lists only the beginning is kept: what tells most of an attack or a mistake comes first.

export function versionChange({ before, after }: PackageChange): 'added' | 'removed' | 'changed' {
  if (before === null) return 'added';
  return after === null ? 'removed' : 'changed';
}

export function fileChange({ change }: FileChange): 'added' | 'removed' | 'changed' {
  return change === 'added' || change === 'removed' ? change : 'changed';
}

const versionChanges = ['added', 'changed', 'removed'];

export function newFirst(a: PackageChange, b: PackageChange): number {
  return versionChanges.indexOf(versionChange(a)) - versionChanges.indexOf(versionChange(b));
}

const fileOrder: FileChange['change'][] = ['added', 'content', 'type', 'link', 'mode', 'owner', 'removed'];

export function mostTellingFirst(a: FileChange, b: FileChange): number {
  return (
    Number(b.isNewSetuid) - Number(a.isNewSetuid) ||
    fileKinds.indexOf(a.kind) - fileKinds.indexOf(b.kind) ||
    fileOrder.indexOf(a.change) - fileOrder.indexOf(b.change) ||
    (a.path < b.path ? -1 : Number(a.path > b.path))
  );
}

/** What is started, and as whom, before variables and labels. */
const fieldOrder = ['user', 'entrypoint', 'cmd', 'healthcheck', 'port', 'volume', 'env', 'label'];

export function mostCommandingFirst(a: ConfigChange, b: ConfigChange): number {
  const [left, right] = [a, b].map(({ field }) => fieldOrder.indexOf(field.split(' ', 1)[0] ?? ''));
  return left! - right! || (a.field < b.field ? -1 : Number(a.field > b.field));
}
