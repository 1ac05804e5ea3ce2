import type { LayerEntry } from '@tidewaiter/oci';

import { bits, isLibrary, isSetuid, octal } from './file-kinds.js';
import type { ImageTree } from './image-tree.js';
import { isStarted } from './script-signs.js';

/** What a file is to those who look for trouble, the most telling first. */
export const fileKinds = ['setuid', 'startup', 'program', 'library', 'other', 'documentation'] as const;

export type FileKind = (typeof fileKinds)[number];

export interface FileChange {
  path: string;
  change: 'added' | 'removed' | 'content' | 'mode' | 'owner' | 'type' | 'link';
  kind: FileKind;
  sizeBytes: number;
  /** Octal, with set-uid, set-gid and sticky: `0755`; null where there is no such file. */
  modeBefore: string | null;
  modeAfter: string | null;
  /** Whether it lends its owner's or group's rights, and did not before. */
  isNewSetuid: boolean;
}

/** How the files differ that two images show, by path. */
export function fileChanges(before: ImageTree['shown'], after: ImageTree['shown']): FileChange[] {
  const changes: FileChange[] = [];
  for (const { entry } of after.values()) {
    const old = before.get(entry.path)?.entry;
    const change = changeOf(old, entry);
    if (change) changes.push(fileChange(change, old, entry));
  }
  for (const { entry } of before.values()) {
    if (!after.has(entry.path)) changes.push(fileChange('removed', entry, undefined));
  }
  return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function changeOf(before: LayerEntry | undefined, after: LayerEntry): FileChange['change'] | undefined {
  if (!before) return 'added';
  if (before.type !== after.type) return 'type';
  if (before.sha256 !== after.sha256 || before.size !== after.size) return 'content';
  if (before.linkTarget !== after.linkTarget) return 'link';
  if (before.mode !== after.mode) return 'mode';
  return before.uid !== after.uid || before.gid !== after.gid ? 'owner' : undefined;
}

function fileChange(
  change: FileChange['change'],
  before: LayerEntry | undefined,
  after: LayerEntry | undefined,
): FileChange {
  const entry = (after ?? before)!;
  return {
    path: entry.path,
    change,
    kind: kindOf(entry),
    sizeBytes: entry.size,
    modeBefore: before ? octal(before.mode) : null,
    modeAfter: after ? octal(after.mode) : null,
    isNewSetuid: after !== undefined && lendsRights(after) && !(before && lendsRights(before)),
  };
}

/** Directories have the same bits, and other reasons. */
function lendsRights({ type, mode }: LayerEntry): boolean {
  return (type === 'file' || type === 'hardlink') && isSetuid(mode);
}

const programDirectory = /^(?:usr\/(?:local\/)?)?s?bin\/|^opt\/(?:[^/]{1,255}\/){0,2}bin\//;
const documentation =
  /^usr\/(?:local\/)?share\/(?:doc|man|info|locale|licenses|common-licenses|icons|zoneinfo|fonts|bash-completion)\/|^var\/(?:log|cache)\/|\/__pycache__\/|\.(?:md|rst|txt|html?|mo|po|png|svg|css|pyc)$/;

function kindOf(entry: LayerEntry): FileKind {
  const { path, type, mode } = entry;
  if (lendsRights(entry)) return 'setuid';
  if (type === 'directory') return 'other';
  if (isStarted(path) || path === 'etc/ld.so.preload' || path.endsWith('/.ssh/authorized_keys')) return 'startup';
  if (documentation.test(path)) return 'documentation';
  if (isLibrary(path)) return 'library';
  // A symbolic link has all bits and is a program only where programs are looked for.
  if (programDirectory.test(path) || (type !== 'symlink' && (mode & bits.execute) !== 0)) return 'program';
  return 'other';
}
